import { type RawBuilder, sql } from "kysely";
import { intervalOf } from "./buckets.ts";
import { changedIn, clockOf, spanStart, spansOf, step, tableOf } from "./level-steps.ts";
import { type Level, lengthOf } from "./levels.ts";
import { isCalendar, type Query } from "./query.ts";
import { type Column, mergedParts } from "./values.ts";

type Sql = RawBuilder<unknown>;

/**
 * A finer level: its rollups in the spans that the level above leaves. A span is cut into _pieces_, two at most, each in one bucket,
 * so that rollups are added up without a look at the zone's clock, which costs more than all the rest. Where the clock is
 * changed within a span, yet finer rollups tell: a clock that is set back over midnight begins a day, and begins it again.
 */
export function coverSpans(query: Query, level: Level, above: Level, columns: readonly Column[]): Sql {
  const { unit } = query;
  const length = lengthOf(level);
  const interval = intervalOf(unit);
  const startOfPiece = (n: Sql) => sql`spans.base + (spans.first + ${n} * ${interval} - spans.local)`;
  return sql`
    ${step("spans", level)} as materialized (
      select lo, hi, base, local, steady, date_trunc(${sql.lit(unit)}, local + (lo - base)) as first
      from (${spansOf(above)}) as r (lo, hi, base) ${clockOf(query, above)}
    ),
    ${step("pieces", level)} as materialized (
      select greatest(spans.lo, piece.start) as lo, least(spans.hi, piece.end) as hi,
        ${isCalendar(query) ? sql`spans.first + n * ${interval}` : sql`piece.start`} as key
      from ${step("spans", level)} as spans cross join generate_series(0, 1) as n
        cross join lateral (select ${startOfPiece(sql`n`)} as start, ${startOfPiece(sql`(n + 1)`)} as "end") as piece
      where spans.steady and piece.start < spans.hi and piece.end > spans.lo
    ),
    ${step("broken", level)} as materialized (
      select ${spanStart(level, sql`lo`)} as bucket_start from ${step("pieces", level)} where ${spanStart(level, sql`lo`)} < lo
      union select generate_series(base, base + ${lengthOf(above)} - ${length}, ${length})
        from ${step("spans", level)} where not steady
      union ${changedIn(level)}
    ),
    ${step("taken", level)} as (
      select pieces.key, r.* from ${step("pieces", level)} as pieces cross join lateral (
        select ${mergedParts(columns)} from ${tableOf(level)}
        where namespace = ${query.namespace} and name = ${query.name}
          and bucket_start >= pieces.lo and bucket_start <= pieces.hi - ${length}
          and bucket_start not in (select bucket_start from ${step("broken", level)})
        having count(*) > 0
      ) as r
    )`;
}
