import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { invalidArgument, type ServiceError } from "@ocellus/runtime/service-error.ts";
import { isoOf, type Micros, microsOfSql } from "@ocellus/runtime/time.ts";
import { type RawBuilder, sql } from "kysely";
import { QUARTER_MICROS, quarterOf } from "../quarter.ts";
import { timeOf } from "./buckets.ts";
import type { Query } from "./query.ts";

/** Since when events are kept, where the window holds rollups of events that are not; else null. */
export function keptFromOf({ namespace, name, min, max }: Query): RawBuilder<unknown> {
  const conditions = [sql`namespace = ${namespace} and name = ${name} and bucket_start < kept.at`];
  if (min !== undefined) conditions.push(sql`bucket_start > ${timeOf(min)} - interval '15 minutes'`);
  if (max !== undefined) conditions.push(sql`bucket_start <= ${timeOf(max)}`);
  return sql`(
    select at from ingest.kept_from as kept
    where exists (select from aggregation.quarters where ${sql.join(conditions, sql` and `)}))`;
}

/** EVENTS_NOT_KEPT for what is read from events alone. */
export function eventsNotKept(keptFrom: string): ServiceError {
  const description = `must be ${isoOf(microsOfSql(keptFrom))} or later: what is asked for is read from events, and older ones are gone`;
  return invalidArgument([{ field: "ts_min", description }], ErrorReason.EVENTS_NOT_KEPT);
}

/** EVENTS_NOT_KEPT for a quarter of an hour that would have to be cut, although its events are gone. */
export function quarterNotKept({ min, max }: Query, cutQuarter: string, keptFrom: string): ServiceError {
  const start = microsOfSql(cutQuarter);
  const holds = (time: Micros | undefined) => time !== undefined && quarterOf(time) === start;
  const kept = isoOf(microsOfSql(keptFrom));
  const why = `events before ${kept} are gone, and only what they amount to by the quarter of an hour is kept`;
  const violation = holds(min)
    ? { field: "ts_min", description: `must be ${isoOf(start + QUARTER_MICROS)} or later: ${why}` }
    : holds(max)
      ? {
          field: "ts_max",
          description: `must be ${isoOf(start - 1n)} or earlier, or ${isoOf(start + QUARTER_MICROS - 1n)}: ${why}`,
        }
      : {
          field: "ts_min",
          description: `must be ${kept} or later in a zone that starts buckets within a quarter of an hour: ${why}`,
        };
  return invalidArgument([violation], ErrorReason.EVENTS_NOT_KEPT);
}
