import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";

const DAY_SECONDS = 86_400;

/** The days since 1970 whose partition this process knows to exist. */
const known = new Set<number>();

/**
 * Creates the partitions that events of these times need. It is done before the transaction that stores the events.
 *
 * @param times in seconds since 1970
 */
export async function ensurePartitions(em: EntityManager, times: number[]): Promise<void> {
  for (const time of times) {
    const day = Math.floor(time / DAY_SECONDS);
    if (known.has(day)) continue;
    const date = new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10);
    await sql`select ingest.ensure_partition(${date}::date)`.execute(em.fork().getKysely());
    known.add(day);
  }
}
