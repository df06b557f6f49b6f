import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { computeRollups, lockRollups } from "../compute-rollups.ts";
import { compareRollups, type Difference } from "./compare-rollups.ts";
import type { Stretch } from "./stretch.ts";

/**
 * Compares a stretch once more, now that nobody else changes rollups, and computes anew those that still differ, and have not been
 * computed since they were suspected. The rest differs by events that came later, of which the mark may be on its way.
 *
 * Marks are left alone. An event that this does not see is marked later than this began, and whoever then computes its bucket
 * waits for this transaction.
 *
 * @param suspected what differed before all changes until then were marked
 */
export function repairRollups(em: EntityManager, stretch: Stretch, suspected: Difference[]): Promise<Difference[]> {
  return em.fork().transactional(async (tx) => {
    await lockRollups(tx);
    const known = new Set(suspected.map(rowOf));
    const differences = (await compareRollups(tx, stretch)).differences.filter((one) => known.has(rowOf(one)));
    if (differences.length === 0) return [];
    const { namespace, name } = stretch;
    const quarters = new Set(differences.map(({ quarter }) => quarter));
    await computeRollups(
      tx,
      [...quarters].map((bucket_start) => ({ namespace, name, bucket_start })),
    );
    await sql`insert into aggregation.series values (${namespace}, ${name}) on conflict do nothing`.execute(
      tx.getKysely(),
    );
    return differences;
  });
}

const rowOf = ({ level, bucket_start, version }: Difference) => `${level.table} ${bucket_start} ${version}`;
