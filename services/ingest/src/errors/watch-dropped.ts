import { setTimeout as sleep } from "node:timers/promises";
import type { EntityManager } from "@mikro-orm/postgresql";
import type { ConsumerContext } from "@ocellus/runtime/message-batches.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { retryUntil } from "@ocellus/runtime/retry.ts";
import { EVENT_ERRORS } from "@ocellus/runtime/streams.ts";
import { sql } from "kysely";
import { tellErrorsDropped } from "../metrics.ts";

const EVERY_MS = 5000;

/**
 * Tells, until the signal aborts, how many messages EVENT_ERRORS threw away for want of room before they were kept. A message leaves
 * the stream when it was handled or thrown away, so that those thrown away are all that came, less those that are there and
 * those that were handled. One that is in hand when it is thrown away is told of until it is handled.
 */
export async function watchDropped({ queue, em, log, signal }: ConsumerContext): Promise<void> {
  const report = (error: Error) => log.warn({ err: error }, "what EVENT_ERRORS threw away cannot be told yet");
  await retryUntil(signal, () => startCounting(queue, em), { report }).catch(() => {});
  while (!signal.aborted) {
    await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
    await retryUntil(signal, () => tell(queue, em), { report }).catch(() => {});
  }
}

/** Notes, within the transaction that keeps their errors, that messages of EVENT_ERRORS were handled for the first time. */
export async function noteHandled(em: EntityManager, messages: number): Promise<void> {
  await sql`update ingest.event_error_totals set handled = handled + ${messages}`.execute(em.getKysely());
}

/** A stream that was made anew counts its messages anew. */
async function startCounting(queue: Queue, em: EntityManager): Promise<void> {
  const { created, state } = await queue.manager.streams.info(EVENT_ERRORS.stream);
  await sql`
    update ingest.event_error_totals
    set stream_created = ${created}, handled = ${state.last_seq - state.messages}
    where stream_created <> ${created}
  `.execute(em.fork().getKysely());
}

async function tell(queue: Queue, em: EntityManager): Promise<void> {
  // Before what was handled: what is handled meanwhile makes the number too small, and the next time mends that.
  const { state } = await queue.manager.streams.info(EVENT_ERRORS.stream);
  const { rows } = await sql<{ handled: string }>`select handled from ingest.event_error_totals`.execute(
    em.fork().getKysely(),
  );
  tellErrorsDropped(Math.max(0, state.last_seq - state.messages - Number(rows[0]?.handled ?? 0)));
}
