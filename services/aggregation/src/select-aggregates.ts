import type { EntityManager } from "@mikro-orm/postgresql";
import { isoOf, type Micros } from "@ocellus/runtime/time.ts";
import { type RawBuilder, sql } from "kysely";

/** What to aggregate. */
export interface Series {
  namespace: string;
  name: string;
  min: Micros | undefined;
  max: Micros | undefined;
}

/** Everything that any aggregation needs of one bucket, as PostgreSQL answers it. */
export interface AggregateRow {
  bucket_start: string;
  first_timestamp: string;
  count: string;
  /** Null where no event has a value; so is the value of every aggregation but a count. */
  value: number | null;
}

/** What PostgreSQL's date_trunc cuts times down to. It keeps microseconds, so that each is a bucket of its own. */
export type Unit = "microsecond" | "minute" | "hour" | "day" | "week" | "month" | "year";

/** Shorter than a bucket of base length, which cannot be split into these. */
const SHORT: readonly Unit[] = ["microsecond", "minute"];

/** How a bucket's value is made of its parts. */
export type Aggregation = "count" | "sum" | "min" | "max" | "avg";

const VALUES: Record<Aggregation, RawBuilder<unknown>> = {
  count: sql`sum(count)::float8`,
  sum: sql`sum(sum)::float8`,
  min: sql`min(min)`,
  max: sql`max(max)`,
  // PostgreSQL divides to 16 significant digits, unless the dividend has more after its point; a double has up to 17.
  avg: sql`(round(sum(sum), scale(sum(sum)) + 30) / nullif(sum(value_count), 0))::float8`,
};

/**
 * Aggregates the events of a series by units of UTC, oldest first, in one statement: materialised buckets where
 * they are clean, and the events themselves for the rest, so that the answer is that of a full scan.
 */
export async function selectAggregates(
  em: EntityManager,
  series: Series,
  unit: Unit,
  aggregation: Aggregation,
  limit: number,
): Promise<AggregateRow[]> {
  const parts = SHORT.includes(unit) ? fromEvents(series, unit) : fromBucketsAndEvents(series, unit);
  const { rows } = await sql<AggregateRow>`
    ${parts}
    select bucket_start, min(first_timestamp) as first_timestamp, sum(count)::bigint as count,
      ${VALUES[aggregation]} as value
    from parts group by bucket_start order by bucket_start limit ${limit}
  `.execute(em.fork().getKysely());
  return rows;
}

function fromEvents(series: Series, unit: Unit): RawBuilder<unknown> {
  return sql`with parts as (${partsOf(unit, sql`select "timestamp", value from ingest.events where ${within(series)}`)})`;
}

/**
 * [lo, hi) are the whole quarters of the window before the frontier. In it clean buckets count as they are, and dirty ones are
 * read from the events, as is everything before lo and from hi on.
 */
function fromBucketsAndEvents(series: Series, unit: Unit): RawBuilder<unknown> {
  const { namespace, name, min, max } = series;
  const quarter = sql`interval '15 minutes'`;
  const epoch = sql`timestamptz '1970-01-01 00:00Z'`;
  const microsecond = sql`interval '1 microsecond'`;
  const lo =
    min === undefined
      ? sql`timestamptz '-infinity'`
      : sql`date_bin(${quarter}, ${time(min)} + ${quarter} - ${microsecond}, ${epoch})`;
  const end =
    max === undefined
      ? sql`timestamptz 'infinity'`
      : sql`date_bin(${quarter}, ${time(max)} + ${microsecond}, ${epoch})`;
  const events = (condition: RawBuilder<unknown>) =>
    sql`select "timestamp", value from ingest.events where ${within(series)} and ${condition}`;
  return sql`
    with span as (
      select ${lo} as lo, greatest(${lo}, least(${end}, (select at from aggregation.frontier))) as hi
    ),
    dirty as (
      select bucket_start from aggregation.dirty_buckets
      where namespace = ${namespace} and name = ${name}
        and bucket_start >= (select lo from span) and bucket_start < (select hi from span)
    ),
    unclean as (
      ${min === undefined ? sql`` : sql`${events(sql`"timestamp" < (select lo from span)`)} union all`}
      ${events(sql`"timestamp" >= (select hi from span)`)}
      union all
      select e."timestamp", e.value from dirty cross join lateral (
        select "timestamp", value from ingest.events
        where namespace = ${namespace} and name = ${name}
          and "timestamp" >= dirty.bucket_start and "timestamp" < dirty.bucket_start + ${quarter}
      ) e
    ),
    parts as (
      select date_trunc(${unit}, bucket_start, 'UTC') as bucket_start, first_timestamp, count, value_count, sum, min, max
      from aggregation.buckets
      where namespace = ${namespace} and name = ${name}
        and bucket_start >= (select lo from span) and bucket_start < (select hi from span)
        and bucket_start not in (select bucket_start from dirty)
      union all
      ${partsOf(unit, sql`select * from unclean`)}
    )`;
}

/** Sums values as the decimal numbers that they print as: see AGGREGATION_TYPE_SUM. */
function partsOf(unit: Unit, events: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    select date_trunc(${unit}, "timestamp", 'UTC') as bucket_start, min("timestamp") as first_timestamp, count(*) as count,
      count(value) as value_count, sum(value::text::numeric) as sum, min(value) as min, max(value) as max
    from (${events}) as events group by 1`;
}

function within({ namespace, name, min, max }: Series): RawBuilder<unknown> {
  const conditions = [sql`namespace = ${namespace}`, sql`name = ${name}`];
  if (min !== undefined) conditions.push(sql`"timestamp" >= ${time(min)}`);
  if (max !== undefined) conditions.push(sql`"timestamp" <= ${time(max)}`);
  return sql.join(conditions, sql` and `);
}

const time = (micros: Micros) => sql`${isoOf(micros)}::timestamptz`;
