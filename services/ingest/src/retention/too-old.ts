import { timestampProblem } from "@ocellus/event-rules/validate-event.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { invalidArgument, type ServiceError } from "@ocellus/runtime/service-error.ts";
import { type Micros, nowMicros, timestampOf } from "@ocellus/runtime/time.ts";

/** INVALID_ARGUMENT for an accepted event that grew too old in the queue: as the door would refuse it now. */
export function tooOld(timestamp: Micros, keptFrom: Micros): ServiceError {
  const description = timestampProblem(timestampOf(timestamp), nowMicros(), keptFrom)!;
  return invalidArgument([{ field: "event.timestamp", description }], ErrorReason.INVALID_EVENT);
}
