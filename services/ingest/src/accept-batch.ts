import { batchProblems } from "@ocellus/event-rules/batch-problems.ts";
import { MAX_PAYLOAD_BYTES } from "@ocellus/event-rules/kept-payload.ts";
import type { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { BatchTrackEventsRequestSchema } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { Caller } from "@ocellus/runtime/caller.ts";
import type { CallContext } from "@ocellus/runtime/handlers.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
import { invalidArgument, type ServiceError } from "@ocellus/runtime/service-error.ts";
import { ONE_FOR_EACH, TOLD_SENDERS, toldByGateway } from "@ocellus/runtime/told-by-gateway.ts";
import { Growing } from "@ocellus/wire/growing.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import { deniedEvent, isDenied } from "./door/denied-event.ts";
import { eventsIn } from "./door/events-in.ts";
import type { Outgoing, OutgoingMessage } from "./door/outgoing.ts";
import { type RefusedEvent, takeEvent } from "./door/take-event.ts";
import { TakenEvent } from "./door/taken-event.ts";
import { withIdentity } from "./door/with-identity.ts";
import { writeAccepted, writeRefused } from "./door/write-answer.ts";
import type { ErrorPublisher } from "./errors/error-publisher.ts";
import { requestJson } from "./errors/event-json.ts";
import { countAccepted, countRefused } from "./metrics.ts";

/** The door: where accepted events go, and refused ones. */
export interface Door {
  outgoing: Outgoing;
  errors: ErrorPublisher;
}

/** Used again for each answer, which is written in one go. */
const answer = new Growing();

/**
 * Accepts the valid events of an encoded BatchTrackEventsRequest, and answers an encoded BatchTrackEventsResponse with a result
 * for each, in order.
 *
 * Throws INVALID_ARGUMENT for a batch beyond the limits, and the queue's error where it took none of the events. Where the gateway
 * tells that each event has a sender of its own, that error is answered for each, as TrackEvent would.
 *
 * An event of a namespace that is not open to the caller is refused by itself. Throws PERMISSION_DENIED where all are.
 */
export async function acceptBatch(
  { outgoing, errors }: Door,
  request: Buffer,
  { caller, namespaces }: Pick<CallContext, "caller" | "namespaces">,
): Promise<Buffer> {
  const { bytes, spans } = eventsIn(request, BatchTrackEventsRequestSchema);
  const problems = batchProblems(spans.length / 2, request.length);
  if (problems.length > 0) {
    const error = invalidArgument([{ field: "events", description: problems.join("; ") }]);
    countRefused(error.reason, spans.length / 2);
    await keepWhole(request, error, errors, caller());
    throw error;
  }
  const turn = outgoing.turn();
  const results: (TakenEvent | RefusedEvent)[] = [];
  const reader = new Reader(bytes);
  for (let index = 0; index < spans.length; index += 2) {
    const [start, end] = [spans[index]!, spans[index + 1]!];
    reader.at = start;
    const denied = deniedEvent(namespaces, bytes.subarray(start, end));
    results.push(denied ?? takeEvent(reader, end, turn, `events[${index / 2}]`));
  }
  const [first] = results;
  if (first && "error" in first && results.every((result) => "error" in result && isDenied(result))) {
    countRefused(first.error.reason, results.length);
    throw first.error;
  }
  const sent = results.map((result) => (result instanceof TakenEvent ? outgoing.add(result) : undefined));
  const messages = distinct(sent);
  for (const message of messages) await message.done;
  // An event that came by itself has its own answer, as if no other had come.
  const isShared = messages.some(({ error }) => error) && toldByGateway(caller(), TOLD_SENDERS) === ONE_FOR_EACH;
  if (!isShared) requireSome(messages, results.length);
  const refused = results.filter((result) => "error" in result).filter((result) => !isDenied(result));
  if (refused.length > 0) await errors.keep(caller(), refused);

  let accepted = 0;
  const reasons = new Map<ErrorReason, number>();
  for (const [index, result] of results.entries()) {
    const error = "error" in result ? result.error : sent[index]?.error;
    if (error) {
      reasons.set(error.reason, (reasons.get(error.reason) ?? 0) + 1);
      writeRefused(isShared && result instanceof TakenEvent ? withIdentity(error, result) : error, answer);
    } else {
      writeAccepted(result as TakenEvent, turn.receiveTimeBytes, answer);
      accepted++;
    }
  }
  countAccepted(accepted);
  for (const [reason, count] of reasons) countRefused(reason, count);
  return answer.take();
}

/** Each message once: what follows each other travels together. */
function distinct(sent: (OutgoingMessage | undefined)[]): OutgoingMessage[] {
  const messages: OutgoingMessage[] = [];
  for (const message of sent) if (message && message !== messages.at(-1)) messages.push(message);
  return messages;
}

/** Throws where no message arrived, and so none of so many events is accepted. */
function requireSome(messages: OutgoingMessage[], events: number): void {
  const [first] = messages;
  if (!first?.error || !messages.every(({ error }) => error)) return;
  countRefused(first.error.reason, events);
  throw first.error;
}

async function keepWhole(request: Buffer, error: ServiceError, errors: ErrorPublisher, caller: Caller): Promise<void> {
  const { events } = decode(BatchTrackEventsRequestSchema, request);
  const payload = Buffer.from(requestJson(events, MAX_PAYLOAD_BYTES));
  await errors.keep(caller, [{ error, payload, payloadSize: Math.max(request.length, payload.length) }]);
}
