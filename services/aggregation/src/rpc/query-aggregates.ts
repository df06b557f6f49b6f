import type { EntityManager } from "@mikro-orm/postgresql";
import type { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { sqlStateOf } from "@ocellus/runtime/database-errors.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import { bytesOf, messagesOf } from "../query/answer-rows.ts";
import type { PreparedStatements } from "../query/prepared-statements.ts";
import { needsEvents, type Query } from "../query/query.ts";
import { readQuery } from "../query/read-query.ts";
import { selectFromEvents } from "../query/select-from-events.ts";
import { selectFromLevels } from "../query/select-from-levels.ts";

/** What one answer may hold at most: gRPC's default limit is 4 MiB. */
const MAX_ROWS = 50_000;
const MAX_BYTES = 4 * 1024 * 1024;

const NUMERIC_VALUE_OUT_OF_RANGE = "22003";

/** What the configuration sets. */
export interface QueryLimits {
  /** From how many events a query may be answered at most. */
  scannedEvents: number;
  /** Of how many values percentiles are exact. */
  exactValues: number;
}

/** Aggregates one series. Throws INVALID_ARGUMENT for a bad request and a too large answer, OUT_OF_RANGE for a too large sum. */
export function queryAggregates(
  em: EntityManager,
  statements: PreparedStatements,
  queryLimits: QueryLimits,
): Handlers<typeof AggregationService>["queryAggregates"] {
  const limits = { ...queryLimits, rows: MAX_ROWS + 1 };
  return async (request, { namespaces }) => {
    const query = await readQuery(em, request);
    requireNamespace(namespaces, query.namespace);
    const answered = needsEvents(query)
      ? selectFromEvents(em, query, limits)
      : selectFromLevels(statements, query, limits);
    const { rows, estimated } = await answered.catch((error) => {
      throw sqlStateOf(error) === NUMERIC_VALUE_OUT_OF_RANGE ? outOfRange(query) : error;
    });
    if (rows.length > MAX_ROWS || bytesOf(rows) > MAX_BYTES) throw tooLarge();
    return { rows: messagesOf(rows, request), percentilesEstimated: estimated };
  };
}

function outOfRange({ types }: Query): ServiceError {
  return new ServiceError(
    `The ${types.join(" or ")} of a bucket is beyond what a double can hold; take a finer granularity`,
    { code: Code.OUT_OF_RANGE, reason: ErrorReason.VALUE_OUT_OF_RANGE },
  );
}

function tooLarge(): ServiceError {
  return new ServiceError(
    `The answer has more than ${MAX_ROWS} rows, or ${MAX_BYTES} bytes; narrow ts_min and ts_max, take a coarser granularity, ` +
      "or ask for fewer types or groups",
    { code: Code.INVALID_ARGUMENT, reason: ErrorReason.RESULT_TOO_LARGE },
  );
}
