import { type RawBuilder, sql } from "kysely";
import { secondsOf } from "./buckets.ts";
import type { Aggregation, Query } from "./query.ts";

type Sql = RawBuilder<unknown>;

/** What is known of a part of a bucket besides `first_timestamp` and `count`, and can be merged with that of other parts. */
export type Column = "value_count" | "sum" | "min" | "max";

const NEEDED: Partial<Record<Aggregation, Column[]>> = {
  sum: ["sum", "value_count"],
  min: ["min"],
  max: ["max"],
  avg: ["sum", "value_count"],
};

/** Sums values as the decimal numbers that they print as: see AGGREGATION_TYPE_SUM. */
const OF_EVENTS: Record<Column, Sql> = {
  value_count: sql`count(value) as value_count`,
  sum: sql`sum(value::text::numeric) as sum`,
  min: sql`min(value) as min`,
  max: sql`max(value) as max`,
};

const OF_PARTS: Record<Column, Sql> = {
  value_count: sql`sum(value_count) as value_count`,
  sum: sql`sum(sum) as sum`,
  min: sql`min(min) as min`,
  max: sql`max(max) as max`,
};

/** The columns that some types are made of, each once. */
export function columnsFor(types: readonly Aggregation[]): Column[] {
  return [...new Set(types.flatMap((type) => NEEDED[type] ?? []))];
}

/** Makes a part of events, in a statement that groups them: its select list. */
export function partOfEvents(columns: readonly Column[]): Sql {
  const list = columns.map((column) => OF_EVENTS[column]);
  return sql.join([sql`min("timestamp") as first_timestamp`, sql`count(*) as count`, ...list]);
}

/** Merges parts, in a statement that groups them: its select list. */
export function mergedParts(columns: readonly Column[]): Sql {
  const list = columns.map((column) => OF_PARTS[column]);
  return sql.join([sql`min(first_timestamp) as first_timestamp`, sql`sum(count)::bigint as count`, ...list]);
}

/** The values of a merged bucket, as an array of doubles: an expression on its columns and its `key`. */
export function valuesOf(query: Query): Sql {
  return sql`array[${sql.join(query.types.map((type) => valueOfType(type, query)))}]::float8[]`;
}

function valueOfType(type: Aggregation, query: Query): Sql {
  switch (type) {
    case "count":
      return sql`count::float8`;
    case "sum":
      return sql`sum::float8`;
    case "min":
      return sql`min`;
    case "max":
      return sql`max`;
    case "avg":
      // PostgreSQL divides to 16 significant digits, unless the dividend has more after its point; a double has up to 17.
      return sql`(round(sum, scale(sum) + 30) / nullif(value_count, 0))::float8`;
    case "rate":
      // By microseconds, which doubles hold as they are: the quotient is rounded once.
      return sql`(count * 1000000)::float8 / nullif((${secondsOf(query, sql`key`)} * 1000000)::float8, 0)`;
    default:
      return sql`${sql.ref(type)}::float8`;
  }
}
