import type { DescMethod, Message } from "@bufbuild/protobuf";
import { batchProblems } from "@ocellus/event-rules/batch-problems.ts";
import { validateEvent } from "@ocellus/event-rules/validate-event.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import {
  type BatchTrackEventsRequest,
  IngestService,
  type TrackEventRequest,
} from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { Code, invalidArgument, ServiceError, type Violation } from "@ocellus/runtime/service-error.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import type { Problems } from "./json/problems.ts";

/**
 * What else is wrong with a request whose JSON could not be read whole. It is refused at the door, so its service never
 * gets to check what could be read: the door does, so that one answer names everything.
 */
const CHECKS = new Map<DescMethod, (request: Message) => Violation[]>([
  [
    IngestService.method.trackEvent,
    (request) => {
      const { event } = request as TrackEventRequest;
      return event ? validateEvent(event, "event", nowMicros()) : [];
    },
  ],
  [
    IngestService.method.batchTrackEvents,
    (request) => {
      const now = nowMicros();
      const { events } = request as BatchTrackEventsRequest;
      const limits = batchProblems(events.length).map((description) => ({ field: "events", description }));
      return [...limits, ...events.flatMap((event, index) => validateEvent(event, `events[${index}]`, now))];
    },
  ],
]);

/**
 * Throws INVALID_ARGUMENT where reading the JSON of a request met problems, with all that is wrong with it.
 *
 * @param request what could be read of it
 * @param asSent translates the path of a field in the request to the path in what the client sent
 */
export function requireReadable(
  problems: Problems,
  method: DescMethod,
  request: Message,
  asSent: (path: string) => string = (path) => path,
): void {
  if (problems.violations.length === 0) return;
  const check = CHECKS.get(method);
  for (const { field, description } of check?.(request) ?? []) problems.add(asSent(field), description);
  throw new UnreadableRequest(
    problems.violations,
    check ? ErrorReason.INVALID_EVENT : ErrorReason.INVALID_REQUEST,
    request,
  );
}

/** INVALID_ARGUMENT for a request that could not be read whole. */
export class UnreadableRequest extends ServiceError {
  /** What could be read of it. */
  readonly partial: Message;

  constructor(violations: Violation[], reason: ErrorReason, partial: Message) {
    super(invalidArgument(violations).message, { code: Code.INVALID_ARGUMENT, reason, violations });
    this.partial = partial;
  }

  /** The same refusal with other violations. */
  with(violations: Violation[]): UnreadableRequest {
    return new UnreadableRequest(violations, this.reason, this.partial);
  }
}
