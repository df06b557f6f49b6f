import type { EntityManager } from "@mikro-orm/postgresql";
import { isoOf, type Micros } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";

/** The months whose partition this process knows to exist, counted from the year 0. */
const known = new Set<number>();

/** Creates the partitions that events of these times need. It is done before the transaction that stores the events. */
export async function ensurePartitions(em: EntityManager, times: Micros[]): Promise<void> {
  for (const time of times) {
    const month = monthOf(time);
    if (known.has(month)) continue;
    await sql`select ingest.ensure_partition(${`${isoOf(time).slice(0, 7)}-01`}::date)`.execute(em.fork().getKysely());
    known.add(month);
  }
}

function monthOf(time: Micros): number {
  const date = new Date(Math.floor(Number(time) / 1000));
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}
