import { type RawBuilder, sql } from "kysely";
import { percentileOfEvents } from "./percentiles.ts";
import type { Aggregation } from "./query.ts";
import { columnsFor, partOfEvents } from "./values.ts";

type Sql = RawBuilder<unknown>;

/** What cannot be merged from parts: it is made of all events of a bucket at once. */
const WHOLE: Partial<Record<Aggregation, Sql>> = {
  p50: percentileOfEvents("p50"),
  p75: percentileOfEvents("p75"),
  p90: percentileOfEvents("p90"),
  p95: percentileOfEvents("p95"),
  p99: percentileOfEvents("p99"),
  distinct_persons: sql`count(distinct person_id)`,
  distinct_sessions: sql`count(distinct session_id)`,
};

/** All that some types are made of, in a statement that groups events: its select list. Each of the above is named as its type. */
export function wholeOfEvents(types: readonly Aggregation[]): Sql {
  const whole = types.flatMap((type) => (WHOLE[type] ? [sql`${WHOLE[type]} as ${sql.ref(type)}`] : []));
  return sql.join([partOfEvents(columnsFor(types)), ...whole]);
}

/** The columns of the table of events that some types are made of, besides the time. */
export function sourcesOf(types: readonly Aggregation[]): Sql[] {
  const isOf = (...known: Aggregation[]) => types.some((type) => known.includes(type));
  return [
    ...(types.some((type) => columnsFor([type]).length > 0 || type.startsWith("p")) ? [sql.ref("value")] : []),
    ...(isOf("distinct_persons") ? [sql.ref("person_id")] : []),
    ...(isOf("distinct_sessions") ? [sql.ref("session_id")] : []),
  ];
}

/** By what groups are ranked: an expression on what was made of their events. It stays decimal, where a double could overflow. */
export function rankBy(type: Aggregation): Sql {
  if (type === "rate") return sql.ref("count");
  return type === "avg" ? sql`(round(sum, scale(sum) + 30) / nullif(value_count, 0))` : sql.ref(type);
}
