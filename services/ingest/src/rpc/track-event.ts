import { validateEvent } from "@ocellus/event-rules/validate-event.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import { isoOf, microsOf, nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import type { ErrorPublisher } from "../errors/error-publisher.ts";
import type { EventPublisher } from "../event-publisher.ts";
import { type IdentifiedEvent, identifyEvent } from "../identify-event.ts";
import { countAccepted, countRefused } from "../metrics.ts";

/** Accepts one event: it is durable in the queue when this answers. Throws INVALID_ARGUMENT naming each offending field. */
export function trackEvent(
  publisher: EventPublisher,
  errors: ErrorPublisher,
): Handlers<typeof IngestService>["trackEvent"] {
  return async ({ event }, { caller }) => {
    if (!event) {
      const error = invalidArgument([{ field: "event", description: "is required" }]);
      await errors.keep(caller(), [{ error, payload: Buffer.from("{}") }]);
      throw error;
    }
    const receiveTime = nowMicros();
    const violations = validateEvent(event, "event", receiveTime);
    if (violations.length > 0) {
      countRefused(1);
      const error = invalidArgument(violations, ErrorReason.INVALID_EVENT);
      await errors.keep(caller(), [{ error, event }]);
      throw error;
    }
    const identified = identifyEvent(event, receiveTime);
    const [error] = await publisher.publish([identified], receiveTime);
    if (error) {
      countRefused(1);
      throw withIdentity(error, identified);
    }
    countAccepted(1);
    return { event: { ...identified, receiveTime: timestampOf(receiveTime) } };
  };
}

/** The error with what a retry must carry, which the client cannot know where it left that to us. */
function withIdentity(error: ServiceError, { id, timestamp }: IdentifiedEvent): ServiceError {
  const { code, reason, retryAfterMs, cause, message } = error;
  const identity = `id "${id}", timestamp "${isoOf(microsOf(timestamp))}"`;
  return new ServiceError(`${message} (${identity})`, { code, reason, retryAfterMs, cause });
}
