import { type RawBuilder, sql } from "kysely";
import { LEVELS, type Level, lengthOf } from "./levels.ts";
import type { Query } from "./query.ts";
import type { Column } from "./values.ts";

type Sql = RawBuilder<unknown>;

const EPOCH = sql`timestamptz '1970-01-01 00:00Z'`;

/** Cuts a time down to the rollup that holds it. */
export const spanStart = (level: Pick<Level, "length">, time: Sql) =>
  sql`date_bin(${lengthOf(level)}, ${time}, ${EPOCH})`;

/** The columns of a part, as they are kept. */
export const listOf = (columns: readonly Column[]) =>
  sql.join(["first_timestamp", "count", ...columns].map((column) => sql.ref(column)));

const TABLES = new Map(LEVELS.map(({ table }) => [table, sql.table(`aggregation.${table}`)]));

/** A level's table. */
export const tableOf = ({ table }: Level) => TABLES.get(table)!;

/** A level's common table expression, such as "taken_days". */
export const step = (name: "found" | "spans" | "pieces" | "broken" | "taken" | "split", { table }: Level) =>
  sql.raw(`${name}_${table}`);

/** The spans of a level that hold a dirty quarter of an hour, or an end of what is covered. */
export function changedIn(level: Level): Sql {
  return sql`
    select ${spanStart(level, sql`bucket_start`)} from dirty
    union select start from covered cross join lateral (values (lo), (hi)) as edges (edge)
      cross join lateral (select ${spanStart(level, sql`edge`)} as start) as starts
      where lo < hi and start < edge`;
}

/** The broken spans of a level, as far as they lie in the window and before the frontier, and where each starts. */
export function spansOf(level: Level): Sql {
  return sql`
    select greatest(bucket_start, covered.lo) as lo, least(bucket_start + ${lengthOf(level)}, covered.hi), bucket_start
    from ${step("broken", level)} cross join covered
    where bucket_start < covered.hi and bucket_start + ${lengthOf(level)} > covered.lo`;
}

/** Joins what the zone's clock shows at the `base` of a level's span, and whether it goes steadily throughout. UTC's always does. */
export function clockOf({ zone }: Query, level: Level): Sql {
  if (zone === "UTC")
    return sql`cross join lateral (select timezone('UTC', r.base) as local, true as steady) as clocks`;
  const length = lengthOf(level);
  return sql`cross join lateral (
    select local, "end" - local = ${length} as steady
    from (select timezone(${zone}, r.base) as local, timezone(${zone}, r.base + ${length}) as "end" offset 0) as ends
    offset 0
  ) as clocks`;
}
