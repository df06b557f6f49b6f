import { type RawBuilder, sql } from "kysely";
import { keyOf, timeOf } from "./buckets.ts";
import { coverCoarsest } from "./cover-coarsest.ts";
import { coverSpans } from "./cover-spans.ts";
import { spanStart, spansOf, step } from "./level-steps.ts";
import { LEVELS, type Level, levelsFor } from "./levels.ts";
import type { Query } from "./query.ts";
import { type Column, partOfEvents } from "./values.ts";

type Sql = RawBuilder<unknown>;

/**
 * The common table expressions that cover the window of a query, each event once, up to `parts`: the coarsest rollups first, then
 * finer ones for what those leave, and the events themselves for the rest.
 *
 * A rollup is _taken_ where all of it lies in the window, before the frontier and in one bucket of the answer, and no quarter
 * of an hour in it is dirty. Else its span is _broken_, and covered by the next level. Rollups are kept wherever there are events,
 * so a span that has none, and is not broken, has no events either: only what is there or is broken costs anything.
 * Where events are no longer kept no quarter of an hour is dirty: it stays as it is.
 */
export function coverWindow(query: Query, columns: readonly Column[]): Sql {
  const [coarsest, ...finer] = levelsFor(query) as [Level, ...Level[]];
  const levels = [coarsest, ...finer];
  const last = levels.at(-1)!;
  const covers = finer.map((level, index) => coverSpans(query, level, levels[index]!, columns));
  const taken = levels.map((level) => sql`select * from ${step("taken", level)}`);
  return sql`
    covered as materialized (
      select ${query.min === undefined ? sql`timestamptz '-infinity'` : timeOf(query.min)} as lo,
        least(${endOf(query)}, (select at from aggregation.frontier)) as hi, (select at from aggregation.frontier) as frontier,
        (select at from ingest.kept_from) as kept_from
    ),
    dirty as materialized (
      select bucket_start from aggregation.dirty_buckets
      where namespace = ${query.namespace} and name = ${query.name}
        and bucket_start >= (select greatest(${spanStart(last, sql`lo`)}, kept_from) from covered)
        and bucket_start < (select hi from covered)
    ),
    ${sql.join([coverCoarsest(query, coarsest, columns), ...covers])},
    raw as (
      select e."timestamp", e.value from (
        ${spansOf(last)} union all select greatest(lo, frontier), ${endOf(query)}, null from covered
      ) as spans (lo, hi, base) cross join lateral (
        select "timestamp", value from ingest.events
        where namespace = ${query.namespace} and name = ${query.name}
          and "timestamp" >= spans.lo and "timestamp" < spans.hi
        offset 0
      ) as e
    ),
    parts as (
      ${sql.join(taken, sql` union all `)}
      union all
      select ${keyOf(query, sql`"timestamp"`)} as key, ${partOfEvents(columns)} from raw group by 1
    )`;
}

/** The end of the window, which is not in it. */
const endOf = ({ max }: Query) => (max === undefined ? sql`timestamptz 'infinity'` : timeOf(max + 1n));

/** Whether a rollup of which the events are no longer kept would have to be cut: the start of the first, or null. */
export function cutBeforeKept({ namespace, name }: Query): Sql {
  return sql`(
    select min(quarters.bucket_start) from aggregation.quarters cross join covered
    where namespace = ${namespace} and name = ${name} and quarters.bucket_start < kept_from
      and quarters.bucket_start in (select bucket_start from ${step("broken", LEVELS.at(-1)!)}))`;
}
