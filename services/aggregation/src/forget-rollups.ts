import type { EntityManager } from "@mikro-orm/postgresql";
import { isoOf, nowMicros } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { lockRollups } from "./compute-rollups.ts";
import { LEVELS, lengthOf } from "./query/levels.ts";

/** How many days of series go in one transaction. */
const MAX_DAYS = 1000;

/**
 * Forgets rollups that are older than a length of time, by whole days of UTC. Those of events that are kept stay, however old:
 * without them these events would seem to be none.
 */
export async function forgetRollups(em: EntityManager, keepMs: number): Promise<void> {
  while ((await forgetSome(em, isoOf(nowMicros() - BigInt(keepMs) * 1000n))) === MAX_DAYS);
}

/** A day goes with its hours and quarters: a query sees all of them or none. */
function forgetSome(em: EntityManager, before: string): Promise<number> {
  return em.fork().transactional(async (tx) => {
    await lockRollups(tx);
    const [day, ...finer] = LEVELS;
    const { rows } = await sql<{ namespace: string; name: string; bucket_start: string }>`
      delete from aggregation.days where (namespace, name, bucket_start) in (
        select namespace, name, bucket_start from aggregation.days
        where bucket_start + ${lengthOf(day!)} <= least(${before}::timestamptz, (select at from ingest.kept_from))
        limit ${MAX_DAYS})
      returning namespace, name, bucket_start
    `.execute(tx.getKysely());
    const column = (key: "namespace" | "name" | "bucket_start") => rows.map((row) => row[key]);
    for (const { table } of finer) {
      await sql`
        delete from ${sql.table(`aggregation.${table}`)} as old
        using unnest(${column("namespace")}::text[], ${column("name")}::text[], ${column("bucket_start")}::timestamptz[])
          as gone (namespace, name, day)
        where old.namespace = gone.namespace and old.name = gone.name
          and old.bucket_start >= gone.day and old.bucket_start < gone.day + ${lengthOf(day!)}
      `.execute(tx.getKysely());
    }
    return rows.length;
  });
}
