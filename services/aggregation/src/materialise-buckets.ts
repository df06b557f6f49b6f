import { setTimeout as sleep } from "node:timers/promises";
import type { EntityManager } from "@mikro-orm/postgresql";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { sql } from "kysely";
import type { Logger } from "pino";
import { FrontierAdvance } from "./advance-frontier.ts";
import { Burst } from "./burst.ts";
import { computeRollups, lockRollups, type Quarter } from "./compute-rollups.ts";
import { countMaterialised } from "./metrics.ts";

const MAX_BUCKETS = 500;
const LOOK_AT_BURST_EVERY_MS = 1000;

/** What the materialising task works with. */
export interface MaterialiseOptions {
  queue: Queue;
  em: EntityManager;
  everyMs: number;
  log: Logger;
  signal: AbortSignal;
}

/** Materialises closed buckets, and computes dirty ones anew, until the signal aborts. Replicas take turns. */
export async function materialiseBuckets(options: MaterialiseOptions): Promise<void> {
  const { queue, em, everyMs, log, signal } = options;
  const frontier = new FrontierAdvance({ em, queue });
  const burst = new Burst(queue);
  while (!signal.aborted) {
    let waitMs = everyMs;
    try {
      await frontier.attempt();
      if (!(await materialiseAll(em, burst, signal))) waitMs = Math.min(everyMs, LOOK_AT_BURST_EVERY_MS);
    } catch (error) {
      log.warn({ err: error }, "buckets could not be materialised; it is tried again");
    }
    await sleep(waitMs, undefined, { signal }).catch(() => {});
  }
}

/** Computes dirty buckets until none is left before the frontier; false where the end of a burst is awaited first. */
async function materialiseAll(em: EntityManager, burst: Burst, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await burst.isToBeAwaited()) return false;
    if ((await materialiseSome(em)) < MAX_BUCKETS) {
      burst.begin();
      break;
    }
  }
  return true;
}

/**
 * Computes some dirty buckets before the frontier, those of one day and series together, and answers how many.
 *
 * The mark is deleted first. Whoever marks the bucket meanwhile waits for this transaction and marks it again, so no event is
 * missed that the statements after it do not see.
 */
function materialiseSome(em: EntityManager): Promise<number> {
  return em.fork().transactional(async (tx) => {
    await lockRollups(tx);
    const { rows: dirty } = await sql<Quarter>`
      delete from aggregation.dirty_buckets where (namespace, name, bucket_start) in (
        select namespace, name, bucket_start from aggregation.dirty_buckets
        where bucket_start < (select at from aggregation.frontier)
        order by date_bin(interval '1 day', bucket_start, timestamptz '1970-01-01 00:00Z'), namespace, name, bucket_start
        limit ${MAX_BUCKETS} for update skip locked)
      returning namespace, name, bucket_start
    `.execute(tx.getKysely());
    if (dirty.length === 0) return 0;
    await computeRollups(tx, dirty);
    countMaterialised(dirty.length);
    return dirty.length;
  });
}
