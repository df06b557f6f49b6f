import { setTimeout as sleep } from "node:timers/promises";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { Person } from "../entities/person.ts";
import { countSweptSignup, setDeletionsUnfinished } from "../metrics.ts";
import type { Deletions } from "./deletions.ts";
import type { PersonContext } from "./person-context.ts";
import { sendSignup } from "./signup.ts";

/** A person is left to the call that registers or deletes it for so long; after that the sweep takes it. */
const SWEEP_AFTER_MICROS = 2_000_000n;
const SWEEP_EVERY_MS = 1000;
const SWEEP_MAX = 100;

/** Tracks signup events and finishes deletions that a crash, or an ingest that was away, left behind, until the signal aborts. */
export async function sweepPersons(context: PersonContext, deletions: Deletions): Promise<void> {
  // Apart from each other: a long deletion holds up no signup.
  await Promise.all([
    repeat(context, "signup events", () => sweepSignups(context)),
    repeat(context, "deletions of persons", () => sweepDeletions(context, deletions)),
  ]);
  await deletions.idle();
}

async function repeat({ signal, log }: PersonContext, what: string, sweep: () => Promise<void>): Promise<void> {
  let failing = false;
  while (!signal.aborted) {
    try {
      await sweep();
      failing = false;
    } catch (error) {
      // An outage is told when it begins, and not with every try.
      if (!failing) log.warn({ err: error }, `${what} could not be swept; it is tried again`);
      failing = true;
    }
    await sleep(SWEEP_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

async function sweepSignups({ em, ingest, signal }: PersonContext): Promise<void> {
  const createTime = { $lt: nowMicros() - SWEEP_AFTER_MICROS };
  const unsent = await em
    .fork()
    .find(
      Person,
      { signupSent: false, deleteTime: null, createTime },
      { fields: ["id"], orderBy: { createTime: "asc" }, limit: SWEEP_MAX },
    );
  await forEachOf(unsent, signal, async ({ id }) => {
    if (await sendSignup(em, ingest, id)) countSweptSignup();
  });
}

async function sweepDeletions({ em, signal }: PersonContext, deletions: Deletions): Promise<void> {
  setDeletionsUnfinished(await em.fork().count(Person, { deleteTime: { $ne: null } }));
  const deleteTime = { $lt: nowMicros() - SWEEP_AFTER_MICROS };
  const unfinished = await em
    .fork()
    .find(Person, { deleteTime }, { fields: ["id"], orderBy: { deleteTime: "asc" }, limit: SWEEP_MAX });
  await forEachOf(unfinished, signal, ({ id }) => deletions.finish(id));
}

/** Does the work for each; one that fails does not hold up the others, unless all would. Throws the first failure. */
async function forEachOf<T>(items: T[], signal: AbortSignal, work: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const item of items) {
    if (signal.aborted) break;
    await work(item).catch((error) => failures.push(error));
    if (failures.some((error) => error instanceof ServiceError && error.code === Code.UNAVAILABLE)) break;
  }
  if (failures.length > 0) throw failures[0];
}
