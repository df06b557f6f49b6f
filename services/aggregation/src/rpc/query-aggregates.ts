import type { EntityManager } from "@mikro-orm/postgresql";
import {
  type AggregationService,
  AggregationType,
  Granularity,
  type QueryAggregatesRequest,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { searchedProblems } from "@ocellus/runtime/check-request.ts";
import { sqlStateOf } from "@ocellus/runtime/database-errors.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import { microsOf, microsOfSql, timestampOf } from "@ocellus/runtime/time.ts";
import { type AggregateRow, type Aggregation, selectAggregates, type Unit } from "../select-aggregates.ts";

/** What one answer may hold at most, so that it stays below gRPC's default limit of 4 MiB. */
const MAX_ROWS = 50_000;

const UNITS: Partial<Record<Granularity, Unit>> = {
  [Granularity.NONE]: "microsecond",
  [Granularity.MINUTE]: "minute",
  [Granularity.HOUR]: "hour",
  [Granularity.DAY]: "day",
  [Granularity.WEEK]: "week",
  [Granularity.MONTH]: "month",
  [Granularity.YEAR]: "year",
};

const AGGREGATIONS: Partial<Record<AggregationType, Aggregation>> = {
  [AggregationType.COUNT]: "count",
  [AggregationType.SUM]: "sum",
  [AggregationType.MIN]: "min",
  [AggregationType.MAX]: "max",
  [AggregationType.AVG]: "avg",
};

const NUMERIC_VALUE_OUT_OF_RANGE = "22003";

/** Aggregates one series. Throws INVALID_ARGUMENT for a bad request and a too large answer, OUT_OF_RANGE for a too large sum. */
export function queryAggregates(em: EntityManager): Handlers<typeof AggregationService>["queryAggregates"] {
  return async (request) => {
    const { unit, aggregation } = check(request);
    const series = {
      namespace: request.namespace,
      name: request.name,
      min: request.tsMin && microsOf(request.tsMin),
      max: request.tsMax && microsOf(request.tsMax),
    };
    const rows = await selectAggregates(em, series, unit, aggregation, MAX_ROWS + 1).catch((error) => {
      throw sqlStateOf(error) === NUMERIC_VALUE_OUT_OF_RANGE ? outOfRange(aggregation) : error;
    });
    if (rows.length > MAX_ROWS) throw tooLarge();
    return { rows: rows.map(toMessage) };
  };
}

/** Throws one INVALID_ARGUMENT for all that is wrong with the request. */
function check(request: QueryAggregatesRequest): { unit: Unit; aggregation: Aggregation } {
  const { namespace, name, tsMin, tsMax } = request;
  const violations = searchedProblems({ texts: { namespace, name }, times: { ts_min: tsMin, ts_max: tsMax } });
  const unit = UNITS[request.granularity];
  const aggregation = AGGREGATIONS[request.aggregationType];
  if (!unit)
    violations.push({ field: "granularity", description: "must be none, minute, hour, day, week, month or year" });
  if (!aggregation) {
    violations.push({ field: "aggregation_type", description: "must be count, sum, min, max or avg" });
  }
  if (violations.length > 0 || !unit || !aggregation) throw invalidArgument(violations);
  return { unit, aggregation };
}

function toMessage(row: AggregateRow) {
  return {
    bucketStart: timestampOf(microsOfSql(row.bucket_start)),
    aggregatedTimestamp: timestampOf(microsOfSql(row.first_timestamp)),
    value: row.value ?? undefined,
    count: BigInt(row.count),
  };
}

function outOfRange(aggregation: Aggregation): ServiceError {
  return new ServiceError(`The ${aggregation} of a bucket is beyond what a double can hold; take a finer granularity`, {
    code: Code.OUT_OF_RANGE,
    reason: ErrorReason.VALUE_OUT_OF_RANGE,
  });
}

function tooLarge(): ServiceError {
  return new ServiceError(
    `The answer has more than ${MAX_ROWS} rows; narrow ts_min and ts_max, or take a coarser granularity`,
    { code: Code.INVALID_ARGUMENT, reason: ErrorReason.RESULT_TOO_LARGE },
  );
}
