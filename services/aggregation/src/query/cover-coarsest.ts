import { type RawBuilder, sql } from "kysely";
import { intervalOf, keyOf } from "./buckets.ts";
import { changedIn, clockOf, listOf, spanStart, step, tableOf } from "./level-steps.ts";
import { LEVELS, type Level, lengthOf } from "./levels.ts";
import { isCalendar, type Query } from "./query.ts";
import { splitsDays, takeSplitDays } from "./split-days.ts";
import type { Column } from "./values.ts";

type Sql = RawBuilder<unknown>;

/** The coarsest level: its rollups in the whole window, each by itself. */
export function coverCoarsest(query: Query, level: Level, columns: readonly Column[]): Sql {
  const length = lengthOf(level);
  const list = listOf(columns);
  return sql`
    ${step("found", level)} as materialized (
      select r.bucket_start, ${placeOf(query, level)}, ${list}
      from covered cross join lateral (
        select bucket_start as base, bucket_start, ${list} from ${tableOf(level)}
        where namespace = ${query.namespace} and name = ${query.name}
          and bucket_start >= covered.lo and bucket_start <= covered.hi - ${length}
        offset 0
      ) as r ${query.zone === "UTC" ? sql`` : clockOf(query, level)}
    ),
    ${step("broken", level)} as materialized (
      select bucket_start from ${step("found", level)}
      where not whole ${splitsDays(query, level, columns) ? sql`and split_at is null` : sql``}
      union ${changedIn(level)}
    ),
    ${splitsDays(query, level, columns) ? takeSplitDays(query, columns) : sql``}
    ${step("taken", level)} as (
      select key, ${list} from ${step("found", level)}
      where whole and bucket_start not in (select bucket_start from ${step("broken", level)})
      ${splitsDays(query, level, columns) ? sql`union all select key, ${list} from ${step("split", level)}` : sql``}
    )`;
}

/**
 * In which bucket a rollup `r` starts, as `key`, and whether it is `whole` in that; and where its day is in two buckets, and
 * hours tell them apart, when the second starts, as `split_at`.
 */
function placeOf(query: Query, level: Level): Sql {
  const { zone, unit } = query;
  if (zone === "UTC") return sql`${keyOf(query, sql`r.bucket_start`)} as key, true as whole`;
  const start = (local: Sql) => sql`date_trunc(${sql.lit(unit)}, ${local})`;
  const first = start(sql`clocks.local`);
  const last = start(sql`(clocks.local + (${lengthOf(level)} - interval '1 microsecond'))`);
  const next = sql`(r.bucket_start + (${first} + ${intervalOf(unit)} - clocks.local))`;
  const key = isCalendar(query) ? first : keyOf(query, sql`r.bucket_start`);
  return sql`${key} as key, steady and ${first} = ${last} as whole,
    case when steady and ${first} <> ${last} and ${spanStart(LEVELS[1]!, next)} = ${next} then ${next} end as split_at`;
}
