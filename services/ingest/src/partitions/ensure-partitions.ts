import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";

const DAY_SECONDS = 86_400;
/** How long events of a month go to the default partition before its own is tried again: it keeps readers waiting for a moment. */
const TRY_AGAIN_MS = 5000;

/** The month of a day since 1970, as its first day. */
const monthOf = new Map<number, string>();
/** Until when a month's partition need not be asked for, in milliseconds since 1970: for ever where it is there. */
const settled = new Map<string, number>();

/**
 * Creates the partitions that events of these times need, where that can be done at once; until then the default partition takes
 * them. It is done before the transaction that stores the events.
 *
 * @param times in seconds since 1970
 */
export async function ensurePartitions(em: EntityManager, times: number[]): Promise<void> {
  const now = Date.now();
  for (const time of times) {
    const day = Math.floor(time / DAY_SECONDS);
    const month = monthOf.get(day) ?? remember(day);
    if ((settled.get(month) ?? 0) > now) continue;
    const ensured = sql<{ isThere: boolean }>`select ingest.ensure_partition(${month}::date) as "isThere"`;
    const { rows } = await ensured.execute(em.fork().getKysely());
    settled.set(month, rows[0]!.isThere ? Infinity : now + TRY_AGAIN_MS);
  }
}

function remember(day: number): string {
  const month = `${new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 7)}-01`;
  monthOf.set(day, month);
  return month;
}
