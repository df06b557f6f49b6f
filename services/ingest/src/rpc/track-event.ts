import { validateEvent } from "@ocellus/event-rules/validate-event.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import type { EventPublisher } from "../event-publisher.ts";
import { identifyEvent } from "../identify-event.ts";
import { countAccepted, countRefused } from "../metrics.ts";

/** Accepts one event: it is durable in the queue when this answers. Throws INVALID_ARGUMENT naming each offending field. */
export function trackEvent(publisher: EventPublisher): Handlers<typeof IngestService>["trackEvent"] {
  return async ({ event }) => {
    if (!event) throw invalidArgument([{ field: "event", description: "is required" }]);
    const receiveTime = nowMicros();
    const violations = validateEvent(event, "event", receiveTime);
    if (violations.length > 0) {
      countRefused(1);
      throw invalidArgument(violations, ErrorReason.INVALID_EVENT);
    }
    const identified = identifyEvent(event, receiveTime);
    const [error] = await publisher.publish([identified], receiveTime);
    if (error) {
      countRefused(1);
      throw error;
    }
    countAccepted(1);
    return { event: { ...identified, receiveTime: timestampOf(receiveTime) } };
  };
}
