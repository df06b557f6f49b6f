import type { EntityManager } from "@mikro-orm/postgresql";
import { sqlStateOf } from "@ocellus/runtime/database-errors.ts";
import type { Lifecycle } from "@ocellus/runtime/lifecycle.ts";
import { sql } from "kysely";
import type { Logger } from "pino";
import { countDrained } from "../metrics.ts";
import { ensurePartitions } from "./ensure-partitions.ts";

/** So many months after this one have their partition before their first event comes. */
const MONTHS_AHEAD = 3;

/** How many events move to a partition of their own in one transaction. */
const MOVED_AT_ONCE = 100_000;

/** Creates the partitions of the next months. */
export async function createAhead(em: EntityManager, now = new Date()): Promise<void> {
  const months = Array.from({ length: MONTHS_AHEAD + 1 }, (_, index) =>
    Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + index, 1),
  );
  await ensurePartitions(
    em,
    months.map((millis) => millis / 1000),
  );
}

/** Moves the events in the default partition to partitions of their own, some in each transaction. */
export async function drainDefault(
  em: EntityManager,
  { signal, log }: Pick<Lifecycle, "signal" | "log">,
): Promise<void> {
  for (let moved = -1; moved !== 0 && !signal.aborted; ) {
    const drained = sql<{ moved: string }>`select ingest.drain_default(${MOVED_AT_ONCE}) as moved`;
    const answer = await unlessHeldUp("draining the default partition", log, () =>
      drained.execute(em.fork().getKysely()),
    );
    moved = Number(answer?.rows[0]?.moved ?? 0);
    countDrained(moved);
  }
}

/** Undefined where others held for too long what the work needs alone: it waits for them until the next time. */
export async function unlessHeldUp<T>(what: string, log: Logger, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (sqlStateOf(error) !== LOCK_NOT_AVAILABLE) throw error;
    log.info(`${what} is held up by others who use the table of events for long; it is tried again`);
    return undefined;
  }
}

const LOCK_NOT_AVAILABLE = "55P03";
