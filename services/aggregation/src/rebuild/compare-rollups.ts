import type { EntityManager } from "@mikro-orm/postgresql";
import { isoOf } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { madeOf } from "../compute-rollups.ts";
import { LEVELS, type Level, lengthOf } from "../query/levels.ts";
import type { Stretch } from "./stretch.ts";

/** One side of a comparison, as PostgreSQL answers it: null where there is no event. */
export interface State {
  count: number;
  value_count: number;
  sum: string | null;
  min?: number;
  max?: number;
}

/** A clean rollup that is not what it should be made of. */
export interface Difference {
  level: Level;
  bucket_start: string;
  /** A quarter of an hour in it that lies in the stretch. */
  quarter: string;
  before: State | null;
  after: State | null;
  /** Which version of the row `before` is; null where there is none. */
  version: string | null;
}

/** What a comparison has found. */
export interface Comparison {
  /** How many quarters of an hour there are. */
  quarters: number;
  differences: Difference[];
}

/**
 * Compares the rollups of a stretch with what they should be made of: quarters of an hour with the events, hours with their
 * quarters, days with their hours. Dirty quarters are no differences, since they are to be computed anew anyway.
 */
export async function compareRollups(em: EntityManager, stretch: Stretch): Promise<Comparison> {
  const found: Comparison[] = [];
  for (const level of LEVELS) found.push(await compareLevel(em, level, stretch));
  return { quarters: found.at(-1)!.quarters, differences: found.flatMap(({ differences }) => differences) };
}

/** A sum may have more digits than a double. */
const told = (side: string) => sql`d.${sql.ref(side)} || jsonb_build_object('sum', d.${sql.ref(side)} ->> 'sum')`;

async function compareLevel(
  em: EntityManager,
  level: Level,
  { namespace, name, from, to }: Stretch,
): Promise<Comparison> {
  const below = LEVELS[LEVELS.indexOf(level) + 1];
  const [start, end] = [sql`${isoOf(from)}::timestamptz`, sql`${isoOf(to)}::timestamptz`];
  const bin = (time: ReturnType<typeof sql>) =>
    sql`date_bin(${lengthOf(level)}, ${time}, timestamptz '1970-01-01 00:00Z')`;
  const table = sql.table(`aggregation.${level.table}`);
  const ofSeries = sql`namespace = ${namespace} and name = ${name}`;
  const inStretch = sql`${ofSeries} and bucket_start >= ${bin(start)} and bucket_start < ${end}`;
  const parts = below
    ? sql`select bucket_start as at from ${sql.table(`aggregation.${below.table}`)} where ${inStretch}`
    : sql`select "timestamp" as at from ingest.events where ${ofSeries} and "timestamp" >= ${start} and "timestamp" < ${end}`;
  const { rows } = await sql<Omit<Difference, "level"> & { total: number }>`
    with spans as materialized (
      select ${namespace}::text as namespace, ${name}::text as name, bucket_start from ${table} where ${inStretch}
      union
      select ${namespace}, ${name}, ${bin(sql`at`)} from (${parts}) as parts
    ),
    compared as materialized (
      select bucket_start, kept.state as before, kept.version, made.state as after
      from spans
      left join (
        select bucket_start, xmin::text as version, jsonb_strip_nulls(to_jsonb(k) - '{namespace,name,bucket_start}'::text[]) as state
        from ${table} k where ${inStretch}
      ) kept using (bucket_start)
      left join lateral (
        select jsonb_strip_nulls(to_jsonb(m)) as state from (${madeOf(level)}) m where m.count > 0
      ) made on true
    )
    select counted.total::int, d.bucket_start, greatest(d.bucket_start, ${start}) as quarter,
      ${told("before")} as before, ${told("after")} as after, d.version
    from (select count(*) as total from compared) counted left join (
      select * from compared c
      where c.before is distinct from c.after
        ${below ? sql`` : sql`and not exists (select from aggregation.dirty_buckets b where ${ofSeries} and b.bucket_start = c.bucket_start)`}
    ) d on true
    order by d.bucket_start
  `.execute(em.getKysely());
  const differences = rows.filter(({ bucket_start }) => bucket_start !== null).map((row) => ({ ...row, level }));
  return { quarters: rows[0]!.total, differences };
}
