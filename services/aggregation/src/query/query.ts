import type { Micros } from "@ocellus/runtime/time.ts";
import type { Breakdown } from "./read-breakdown.ts";

/** The length of a bucket, as PostgreSQL's date_trunc names it. It keeps microseconds, so that each is a bucket of its own. */
export type Unit = "microsecond" | "second" | "minute" | "hour" | "day" | "week" | "month" | "quarter" | "year";

/** A percentile that can be asked for. */
export type Percentile = "p50" | "p75" | "p90" | "p95" | "p99";

/** What can be made of the events in a bucket. */
export type Aggregation =
  | "count"
  | "sum"
  | "min"
  | "max"
  | "avg"
  | "rate"
  | Percentile
  | "distinct_persons"
  | "distinct_sessions";

/** What buckets without events get. */
export type GapFill = "none" | "null" | "previous" | "zero";

/** A valid question: what the events of a series amount to over time. */
export interface Query extends Breakdown {
  namespace: string;
  name: string;
  /** The first and the last microsecond of the window, where it has ends. */
  min: Micros | undefined;
  max: Micros | undefined;
  unit: Unit;
  /** As PostgreSQL knows it; all names of UTC are "UTC". */
  zone: string;
  /** At least one, each once. */
  types: Aggregation[];
  gapFill: GapFill;
}

const LONG: readonly Unit[] = ["day", "week", "month", "quarter", "year"];
const SHORT: readonly Unit[] = ["microsecond", "second", "minute"];

/** Whether buckets start at a day of the zone's calendar. */
export const isCalendar = ({ unit }: Pick<Query, "unit">) => LONG.includes(unit);

/** Whether only the events themselves can answer: rollups have neither their other fields nor the times within a quarter of an hour. */
export function needsEvents({ unit, types, filters, groupBy }: Query): boolean {
  const distinct = types.some((type) => type === "distinct_persons" || type === "distinct_sessions");
  return SHORT.includes(unit) || distinct || filters.length > 0 || groupBy !== undefined;
}
