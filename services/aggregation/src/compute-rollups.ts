import type { EntityManager } from "@mikro-orm/postgresql";
import { type RawBuilder, sql } from "kysely";
import { binOf, countsOf } from "./query/histogram.ts";
import { LEVELS, type Level, lengthOf } from "./query/levels.ts";

/** A quarter of an hour of a series, as PostgreSQL writes it. */
export interface Quarter {
  namespace: string;
  name: string;
  bucket_start: string;
}

const EPOCH = sql`timestamptz '1970-01-01 00:00Z'`;

/**
 * Takes the right to change rollups until the transaction ends; waits for whoever has it. Hours and days are made of what others may
 * be changing, so one transaction changes rollups at a time.
 */
export async function lockRollups(tx: EntityManager): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('aggregation.rollups'))`.execute(tx.getKysely());
}

/**
 * Computes quarters of an hour anew from the events, and the hours and days that hold them from what is below. After each transaction
 * that does, every hour and every day is the sum of its quarters, whole or not. The caller holds the lock of rollups.
 *
 * A quarter of which events are no longer kept stays as it is. Reading `kept_from` keeps it where it is until the transaction ends.
 */
export async function computeRollups(tx: EntityManager, quarters: readonly Quarter[]): Promise<void> {
  const kysely = tx.getKysely();
  const changed = sql`unnest(
    ${quarters.map(({ namespace }) => namespace)}::text[],
    ${quarters.map(({ name }) => name)}::text[],
    ${quarters.map(({ bucket_start }) => bucket_start)}::timestamptz[]
  ) as changed (namespace, name, bucket_start)`;
  for (const level of LEVELS.toReversed()) {
    const spans = sql`(
      select distinct namespace, name, date_bin(${lengthOf(level)}, bucket_start, ${EPOCH}) as bucket_start from ${changed}
      where ${level === LEVELS.at(-1) ? sql`bucket_start >= (select at from ingest.kept_from)` : sql`true`}
    ) as spans`;
    const table = sql.table(`aggregation.${level.table}`);
    await sql`
      delete from ${table} as old using ${spans}
      where (old.namespace, old.name, old.bucket_start) = (spans.namespace, spans.name, spans.bucket_start)
    `.execute(kysely);
    await sql`
      insert into ${table} (namespace, name, bucket_start, first_timestamp, count, value_count, sum, min, max, last_timestamp,
        bins, bins_upto)
      select spans.namespace, spans.name, spans.bucket_start, made.*
      from ${spans} cross join lateral (${madeOf(level)}) as made
      where made.count > 0
    `.execute(kysely);
  }
}

/** The columns of a rollup besides its key, for each row `spans`: of the level below, or of the events. */
export function madeOf(level: Level): RawBuilder<unknown> {
  const below = LEVELS[LEVELS.indexOf(level) + 1];
  return below ? madeOfRollups(below, level) : MADE_OF_EVENTS;
}

/** A quarter of an hour as its events make it. */
const MADE_OF_EVENTS = sql`
  select min(first_timestamp) as first_timestamp, sum(count)::bigint as count, sum(value_count)::bigint as value_count,
    sum(sum) as sum, min(min) as min, max(max) as max, max(last_timestamp) as last_timestamp,
    array_agg(bin order by bin) filter (where bin is not null) as bins,
    array_agg(upto order by bin) filter (where bin is not null) as bins_upto
  from (
    select ${binOf(sql`value`)} as bin, min("timestamp") as first_timestamp, count(*) as count, count(value) as value_count,
      (sum(count(value)) over (order by ${binOf(sql`value`)}))::bigint as upto, sum(value::text::numeric) as sum, min(value) as min, max(value) as max, max("timestamp") as last_timestamp
    from ingest.events e
    where e.namespace = spans.namespace and e.name = spans.name
      and e."timestamp" >= spans.bucket_start and e."timestamp" < spans.bucket_start + interval '15 minutes'
    group by 1
  ) as binned`;

/** An hour or a day as the rows of the level below make it. */
function madeOfRollups(below: Level, level: Level): RawBuilder<unknown> {
  const parts = sql`
    from ${sql.table(`aggregation.${below.table}`)} as part
    where part.namespace = spans.namespace and part.name = spans.name
      and part.bucket_start >= spans.bucket_start and part.bucket_start < spans.bucket_start + ${lengthOf(level)}`;
  return sql`
    select * from (
      select min(first_timestamp) as first_timestamp, sum(count)::bigint as count, sum(value_count)::bigint as value_count,
        sum(sum) as sum, min(min) as min, max(max) as max, max(last_timestamp) as last_timestamp ${parts}
    ) as sums cross join (
      select array_agg(bin order by bin) as bins, array_agg(upto order by bin) as bins_upto
      from (
        select bin, (sum(sum(count)) over (order by bin))::bigint as upto
        from (select bins, bins_upto ${parts}) as parts cross join lateral (${countsOf(sql`bins`, sql`bins_upto`)}) as counts
        group by bin
      ) as bins
    ) as histogram`;
}
