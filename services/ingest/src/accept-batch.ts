import type { MessageInitShape } from "@bufbuild/protobuf";
import { batchProblems } from "@ocellus/event-rules/batch-problems.ts";
import { validateEvent } from "@ocellus/event-rules/validate-event.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import type { EventResultSchema } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { Caller } from "@ocellus/runtime/caller.ts";
import { invalidArgument, type ServiceError } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { type Micros, nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import type { ErrorPublisher } from "./errors/error-publisher.ts";
import { requestJson } from "./errors/event-json.ts";
import { MAX_PAYLOAD_BYTES } from "./errors/refused-event.ts";
import type { EventPublisher } from "./event-publisher.ts";
import { type IdentifiedEvent, identifyEvent } from "./identify-event.ts";
import { countAccepted, countRefused } from "./metrics.ts";

/** Where the events of a batch go: those that are accepted, and those that are refused. */
export interface Publishers {
  events: EventPublisher;
  errors: ErrorPublisher;
}

type Result = MessageInitShape<typeof EventResultSchema>;

/**
 * Accepts the valid events of a batch and answers a result for each, in order.
 *
 * Throws INVALID_ARGUMENT for a batch beyond the limits, and the queue's error where it took none of the events.
 *
 * @param bytes how large the batch is, encoded
 * @param caller tells who sent it, where some of it is refused
 */
export async function acceptBatch(
  publishers: Publishers,
  events: Event[],
  bytes: number,
  caller: () => Caller,
): Promise<Result[]> {
  const problems = batchProblems(events.length, bytes);
  if (problems.length > 0) {
    const error = invalidArgument([{ field: "events", description: problems.join("; ") }]);
    const payload = Buffer.from(requestJson(events, MAX_PAYLOAD_BYTES));
    await publishers.errors.keep(caller(), [{ error, payload, payloadSize: Math.max(bytes, payload.length) }]);
    throw error;
  }
  const receiveTime = nowMicros();
  const checked = events.map((event, index) => check(event, `events[${index}]`, receiveTime));
  const valid = checked.filter((result) => "event" in result).map(({ event }) => event);
  const published = await publishers.events.publish(valid, receiveTime);
  const failure = published.find((error) => error !== undefined);
  if (failure && published.every((error) => error !== undefined)) throw failure;

  const invalid = checked.flatMap((result, index) =>
    "error" in result ? [{ error: result.error, event: events[index]! }] : [],
  );
  if (invalid.length > 0) await publishers.errors.keep(caller(), invalid);

  let next = 0;
  const results = checked.map((result): Result => {
    const error = "error" in result ? result.error : published[next++];
    return error || !("event" in result) ? refused(error!) : accepted(result.event, receiveTime);
  });
  const acceptedCount = published.filter((error) => error === undefined).length;
  countAccepted(acceptedCount);
  countRefused(events.length - acceptedCount);
  return results;
}

function check(event: Event, path: string, now: Micros): { event: IdentifiedEvent } | { error: ServiceError } {
  const violations = validateEvent(event, path, now);
  if (violations.length > 0) return { error: invalidArgument(violations, ErrorReason.INVALID_EVENT) };
  return { event: identifyEvent(event, now) };
}

function accepted({ id, timestamp }: IdentifiedEvent, receiveTime: Micros): Result {
  return { result: { case: "accepted", value: { id, timestamp, receiveTime: timestampOf(receiveTime) } } };
}

function refused(error: ServiceError): Result {
  return { result: { case: "refused", value: toStatus(error) } };
}
