import { setTimeout as sleep } from "node:timers/promises";
import type { EntityManager } from "@mikro-orm/postgresql";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import { isoOf, nowMicros } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import type { Logger } from "pino";
import { countMaterialised } from "./metrics.ts";
import { QUARTER_MICROS, quarterOf } from "./quarter.ts";

const MAX_BUCKETS = 500;

/** What the materialising task works with. */
export interface MaterialiseOptions {
  queue: Queue;
  em: EntityManager;
  everyMs: number;
  log: Logger;
  signal: AbortSignal;
}

/** Materialises closed buckets, and computes dirty ones anew, until the signal aborts. Replicas share the work. */
export async function materialiseBuckets({ queue, em, everyMs, log, signal }: MaterialiseOptions): Promise<void> {
  while (!signal.aborted) {
    try {
      await advanceFrontier(queue, em);
      while (!signal.aborted && (await materialiseSome(em)) === MAX_BUCKETS);
    } catch (error) {
      log.warn({ err: error }, "buckets could not be materialised; it is tried again");
    }
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
}

/**
 * Moves the frontier to a quarter of an hour before this one, if every announced change has been marked. A query reads the
 * events themselves from the frontier on: while marks are behind, it stays, and the answer stays that of a full scan.
 */
async function advanceFrontier({ manager }: Queue, em: EntityManager): Promise<void> {
  const { num_pending, num_ack_pending } = await manager.consumers.info(EVENT_CHANGES.stream, "mark-buckets");
  if (num_pending > 0 || num_ack_pending > 0) return;
  const frontier = isoOf(quarterOf(nowMicros()) - QUARTER_MICROS);
  await sql`update aggregation.frontier set at = ${frontier}::timestamptz where at < ${frontier}::timestamptz`.execute(
    em.fork().getKysely(),
  );
}

/**
 * Computes some dirty buckets before the frontier from the events, and answers how many.
 *
 * The mark is deleted first. Whoever marks the bucket meanwhile waits for this transaction and marks it again, so no event is
 * missed that the statement after it does not see.
 */
function materialiseSome(em: EntityManager): Promise<number> {
  return em.fork().transactional(async (tx) => {
    const kysely = tx.getKysely();
    const { rows: dirty } = await sql<{ namespace: string; name: string; bucket_start: string }>`
      delete from aggregation.dirty_buckets where (namespace, name, bucket_start) in (
        select namespace, name, bucket_start from aggregation.dirty_buckets
        where bucket_start < (select at from aggregation.frontier)
        order by bucket_start limit ${MAX_BUCKETS} for update skip locked)
      returning namespace, name, bucket_start
    `.execute(kysely);
    if (dirty.length === 0) return 0;
    const buckets = sql`unnest(
        ${dirty.map(({ namespace }) => namespace)}::text[],
        ${dirty.map(({ name }) => name)}::text[],
        ${dirty.map(({ bucket_start }) => bucket_start)}::timestamptz[]
      ) as d (namespace, name, bucket_start)`;
    await sql`
      delete from aggregation.buckets b using ${buckets}
      where (b.namespace, b.name, b.bucket_start) = (d.namespace, d.name, d.bucket_start)
    `.execute(kysely);
    await sql`
      insert into aggregation.buckets
        (namespace, name, bucket_start, first_timestamp, count, value_count, sum, min, max)
      select d.namespace, d.name, d.bucket_start, min(e."timestamp"), count(*), count(e.value),
        sum(e.value::text::numeric), min(e.value), max(e.value)
      from ${buckets}
      join ingest.events e on e.namespace = d.namespace and e.name = d.name
        and e."timestamp" >= d.bucket_start and e."timestamp" < d.bucket_start + interval '15 minutes'
      group by d.namespace, d.name, d.bucket_start
    `.execute(kysely);
    countMaterialised(dirty.length);
    return dirty.length;
  });
}
