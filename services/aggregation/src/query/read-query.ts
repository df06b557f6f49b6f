import type { EntityManager } from "@mikro-orm/postgresql";
import {
  AggregationType,
  GapFill,
  Granularity,
  type QueryAggregatesRequest,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { searchedProblems } from "@ocellus/runtime/check-request.ts";
import { invalidArgument, type Violation } from "@ocellus/runtime/service-error.ts";
import { microsOf } from "@ocellus/runtime/time.ts";
import { countBuckets } from "./count-buckets.ts";
import type { Aggregation, GapFill as Fill, Query, Unit } from "./query.ts";
import { readBreakdown } from "./read-breakdown.ts";
import { findZone } from "./time-zones.ts";

/** How many buckets may be asked for. */
export const MAX_BUCKETS = 100_000;

const MAX_TYPES = 16;

const UNITS: Partial<Record<Granularity, Unit>> = {
  [Granularity.NONE]: "microsecond",
  [Granularity.SECOND]: "second",
  [Granularity.MINUTE]: "minute",
  [Granularity.HOUR]: "hour",
  [Granularity.DAY]: "day",
  [Granularity.WEEK]: "week",
  [Granularity.MONTH]: "month",
  [Granularity.QUARTER]: "quarter",
  [Granularity.YEAR]: "year",
};

/** What each type is called. */
export const AGGREGATIONS: Partial<Record<AggregationType, Aggregation>> = {
  [AggregationType.COUNT]: "count",
  [AggregationType.SUM]: "sum",
  [AggregationType.MIN]: "min",
  [AggregationType.MAX]: "max",
  [AggregationType.AVG]: "avg",
  [AggregationType.RATE]: "rate",
  [AggregationType.P50]: "p50",
  [AggregationType.P75]: "p75",
  [AggregationType.P90]: "p90",
  [AggregationType.P95]: "p95",
  [AggregationType.P99]: "p99",
  [AggregationType.DISTINCT_PERSONS]: "distinct_persons",
  [AggregationType.DISTINCT_SESSIONS]: "distinct_sessions",
};

const FILLS: Partial<Record<GapFill, Fill>> = {
  [GapFill.UNSPECIFIED]: "none",
  [GapFill.NULL]: "null",
  [GapFill.PREVIOUS]: "previous",
  [GapFill.ZERO]: "zero",
};

const GRANULARITIES = "none, second, minute, hour, day, week, month, quarter or year";
const TYPES = Object.values(AGGREGATIONS).join(", ");

/** Reads a request, and throws one INVALID_ARGUMENT for all that is wrong with it. */
export async function readQuery(em: EntityManager, request: QueryAggregatesRequest): Promise<Query> {
  const { namespace, name, tsMin, tsMax, timeZone } = request;
  const violations = searchedProblems({ texts: { namespace, name }, times: { ts_min: tsMin, ts_max: tsMax } });
  const timesAreValid = !violations.some(({ field }) => field.startsWith("ts_"));
  const [min, max] = timesAreValid ? [tsMin && microsOf(tsMin), tsMax && microsOf(tsMax)] : [];
  if (min !== undefined && max !== undefined && min > max) {
    violations.push({ field: "ts_max", description: "must not be before ts_min" });
  }
  const unit = UNITS[request.granularity];
  if (!unit) violations.push({ field: "granularity", description: `must be ${GRANULARITIES}` });
  const gapFill = FILLS[request.gapFill];
  if (!gapFill) violations.push({ field: "gap_fill", description: "must be null, previous or zero, or be left out" });
  else if (gapFill !== "none" && unit === "microsecond") {
    violations.push({ field: "gap_fill", description: "must be left out for granularity none, which has no buckets" });
  }
  const types = typesOf(request, unit, violations);
  const zone = timeZone === "" ? "UTC" : await findZone(em, timeZone);
  if (!zone) {
    violations.push({
      field: "time_zone",
      description: "must be the name of an IANA time zone, such as Europe/Amsterdam",
    });
  }
  if (unit && min !== undefined && max !== undefined) violations.push(...tooManyBuckets(countBuckets(unit, min, max)));
  const breakdown = readBreakdown(request, violations);
  if (violations.length > 0 || !unit || !gapFill || !zone) throw invalidArgument(violations);
  return { namespace, name, min, max, unit, zone, types, gapFill, ...breakdown };
}

/** What is wrong with asking for so many buckets, if anything is. */
export function tooManyBuckets(buckets: bigint): Violation[] {
  if (buckets <= MAX_BUCKETS) return [];
  const description = `must make at most ${MAX_BUCKETS} buckets, and makes ${buckets}; take a coarser one, or narrow ts_min and ts_max`;
  return [{ field: "granularity", description }];
}

function typesOf(request: QueryAggregatesRequest, unit: Unit | undefined, violations: Violation[]): Aggregation[] {
  const others = request.aggregationTypes;
  const first = request.aggregationType;
  if (others.length > MAX_TYPES) {
    violations.push({
      field: "aggregation_types",
      description: `must have at most ${MAX_TYPES} types, and has ${others.length}`,
    });
    return [];
  }
  const asked = first === AggregationType.UNSPECIFIED && others.length > 0 ? others : [first, ...others];
  const types: Aggregation[] = [];
  for (const [index, type] of asked.entries()) {
    const field = asked === others || index > 0 ? "aggregation_types" : "aggregation_type";
    const known = AGGREGATIONS[type];
    if (!known) violations.push({ field, description: `must be one of ${TYPES}` });
    else if (types.includes(known))
      violations.push({ field, description: `must name each type once, and names ${known} twice` });
    else if (known === "rate" && unit === "microsecond") {
      violations.push({ field, description: "must not be rate for granularity none, whose groups have no length" });
    } else types.push(known);
  }
  return types;
}
