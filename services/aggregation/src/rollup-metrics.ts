import type { EntityManager } from "@mikro-orm/postgresql";
import { readingOf } from "@ocellus/runtime/reading.ts";
import { readingGauge } from "@ocellus/runtime/reading-gauge.ts";
import { sql } from "kysely";
import type { Logger } from "pino";

const EVERY_MS = 10_000;
/** More dirty buckets than this are not counted. */
const MAX_COUNTED = 100_000;

/** How far the rollups are behind. */
interface RollupReading {
  /** Null before the first buckets are materialised. */
  age: string | null;
  dirty: string;
}

/** Has the metrics tell how far the rollups are behind: of the whole suite, the same in each replica. */
export function tellRollups(em: EntityManager, log: Logger): void {
  const rollups = readingOf(() => readRollups(em), { what: "the rollups", everyMs: EVERY_MS, log });
  readingGauge(
    {
      name: "ocellus_rollup_watermark_age_seconds",
      help: "How long ago the time is before which events are rolled up, in seconds. A quarter to half an hour is as it should be.",
    },
    rollups,
    ({ age }) => (age === null ? [] : [[{}, Number(age)]]),
  );
  readingGauge(
    {
      name: "ocellus_rollup_dirty_buckets",
      help: `Quarters of an hour before that time that are to be computed anew, counted up to ${MAX_COUNTED}.`,
    },
    rollups,
    ({ dirty }) => [[{}, Number(dirty)]],
  );
}

async function readRollups(em: EntityManager): Promise<RollupReading> {
  const { rows } = await sql<RollupReading>`
    select case when at > '-infinity' then extract(epoch from now() - at) end as age,
      (select count(*) from (
        select from aggregation.dirty_buckets where bucket_start < at limit ${MAX_COUNTED}) as counted) as dirty
    from aggregation.frontier
  `.execute(em.fork().getKysely());
  return rows[0]!;
}
