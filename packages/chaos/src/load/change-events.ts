import { setTimeout as sleep } from "node:timers/promises";
import type { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { microsOf } from "@ocellus/runtime/time.ts";
import { CALL_WITHIN_MS, withinDeadline } from "./deliver.ts";
import type { Entry, EventInit } from "./entry.ts";
import type { Answer, Ledger } from "./ledger.ts";
import { type EventMaker, NAMES } from "./make-events.ts";
import { failure } from "./send-grpc.ts";
import { attempt, type Gateway, jsonOf } from "./send-rest.ts";

const NOT_FOUND = 5;
const UNAVAILABLE = 14;
const RETRY_EVERY_MS = 300;
/** Events are changed soon after they were sent, while they are still on their way. */
const AMONG_LATEST = 3000;

/** What changing works with. */
export interface ChangeOptions {
  ledger: Ledger;
  maker: EventMaker;
  events: ServiceClient<typeof EventService>;
  gateway: Gateway;
  dice: () => number;
  giveUp: AbortSignal;
}

type Attempt = () => Promise<Answer | undefined>;

/**
 * Updates an event, or deletes it, and notes what it must be from now on. Only an event of which no attempt may still arrive is
 * chosen: one that arrives after its deletion is a new one, by the contract.
 */
export async function changeSome(options: ChangeOptions): Promise<void> {
  const { ledger, maker } = options;
  const entry = maker.pick(ledger.entries.slice(-AMONG_LATEST));
  if (!entry || !isSettled(entry)) return;
  if (entry.changed === "no") await update(entry, options);
  else await remove(entry, options);
}

function isSettled({ outcome, nature, mayArrive, sending, repeatable, changed }: Entry): boolean {
  const changeable = changed === "no" || changed === "updated";
  return outcome === "accepted" && nature === "valid" && repeatable && !mayArrive && sending === 0 && changeable;
}

async function update(entry: Entry, options: ChangeOptions): Promise<void> {
  const { ledger, events, gateway, dice } = options;
  const changes = changesFor(options);
  const event = { ...changes, id: entry.receipt!.id };
  entry.changed = "busy";
  const overGrpc = () => events.updateEvent({ event }, { timeoutMs: CALL_WITHIN_MS });
  const overRest = () => attempt(gateway, `/v1/events/${event.id}`, "PATCH", jsonOf(changes), CALL_WITHIN_MS);
  const done = await persist(dice() < 0.5 ? grpc(overGrpc) : rest(overRest), options);
  if (!done) return;
  const { timestamp, ...fields } = changes;
  Object.assign(entry.facts, fields, timestamp && { timestamp: microsOf(timestamp) });
  entry.changed = "updated";
  ledger.tallies.updates++;
}

/** One or two fields, the time among them: it moves an event to another partition, session and bucket. */
function changesFor({ maker, dice }: ChangeOptions): EventInit {
  return maker.pick<EventInit>([
    { value: Math.round(dice() * 1000) / 10 },
    { name: maker.pick(NAMES), category: "changed" },
    { personId: maker.subject("person") },
    { sessionId: maker.subject("session") },
    { timestamp: maker.time() },
  ]);
}

/** Only what was updated is deleted: it is known to be stored, so that NOT_FOUND means that it is gone. */
async function remove(entry: Entry, options: ChangeOptions): Promise<void> {
  const { ledger, events, gateway, dice } = options;
  const { id } = entry.receipt!;
  entry.changed = "busy";
  const overGrpc = () => events.deleteEvent({ id }, { timeoutMs: CALL_WITHIN_MS });
  const overRest = () => attempt(gateway, `/v1/events/${id}`, "DELETE", undefined, CALL_WITHIN_MS);
  const done = await persist(dice() < 0.5 ? grpc(overGrpc) : rest(overRest), options, { goneIsDone: true });
  if (!done) return;
  entry.changed = "deleted";
  ledger.tallies.deletes++;
}

/** Tries until it is done. An attempt that was not answered may have deleted the event. Answers false where it was given up. */
async function persist(
  once: Attempt,
  { ledger, giveUp }: ChangeOptions,
  { goneIsDone = false } = {},
): Promise<boolean> {
  for (let unanswered = false; !giveUp.aborted; await sleep(RETRY_EVERY_MS)) {
    const answer = await withinDeadline(once, ledger);
    if (!answer) return true;
    if (answer.kind !== "refused") {
      ledger.count(answer.kind === "none" ? answer.problem : answer.kind);
      unanswered = true;
      continue;
    }
    if (answer.code === NOT_FOUND && goneIsDone && unanswered) return true;
    if (answer.code !== NOT_FOUND && answer.code !== UNAVAILABLE) {
      ledger.problems.add(`a change was refused: ${answer.code} ${answer.message}`);
    }
    unanswered ||= answer.code !== NOT_FOUND;
    ledger.count(answer.reason ?? `code ${answer.code}`);
  }
  return false;
}

/** What went wrong with a call, if anything did. */
function grpc(call: () => Promise<unknown>): Attempt {
  return () => call().then(() => undefined, failure);
}

function rest(call: () => ReturnType<typeof attempt>): Attempt {
  return async () => {
    const answer = await call();
    return "kind" in answer ? answer : undefined;
  };
}
