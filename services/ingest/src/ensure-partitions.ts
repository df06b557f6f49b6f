import type { EntityManager } from "@mikro-orm/postgresql";
import { isoOf, type Micros } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";

/** The months whose partition this process knows to exist. */
const known = new Set<string>();

/** Creates the partitions that events of these times need. It is done before the transaction that stores the events. */
export async function ensurePartitions(em: EntityManager, times: Micros[]): Promise<void> {
  const months = new Set(times.map((time) => `${isoOf(time).slice(0, 7)}-01`));
  for (const month of months) {
    if (known.has(month)) continue;
    await sql`select ingest.ensure_partition(${month}::date)`.execute(em.fork().getKysely());
    known.add(month);
  }
}
