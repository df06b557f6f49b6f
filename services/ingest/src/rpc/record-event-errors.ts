import {
  ErrorStage,
  type EventErrorService,
  Transport,
} from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { sizeOf } from "@ocellus/runtime/message-codec.ts";
import { invalidArgument, type Violation } from "@ocellus/runtime/service-error.ts";
import type { ErrorPublisher } from "../errors/error-publisher.ts";
import { refusedEvent } from "../errors/refused-event.ts";

const MAX_ERRORS = 1000;
const MAX_BYTES = 24 * 1024 * 1024;

/** Keeps events that a door before this service refused. Throws UNAVAILABLE where they could not be kept. */
export function recordEventErrors(errors: ErrorPublisher): Handlers<typeof EventErrorService>["recordEventErrors"] {
  return async (request, { caller }) => {
    const { eventErrors } = request;
    const violations = problemsOf(eventErrors.length, sizeOf(request));
    const { name: peer } = caller();
    const refused = eventErrors.flatMap(({ status, rawPayload: payload, event, namespace, name, ...error }, index) => {
      if (!status) {
        violations.push({ field: `event_errors[${index}].status`, description: "is required" });
        return [];
      }
      const { transport = Transport.UNSPECIFIED, address = "" } = error.source ?? {};
      const payloadSize = error.payloadSize > payload.length ? error.payloadSize : undefined;
      const sent = { payload, payloadSize, event, namespace, name, source: { transport, address, peer } };
      return [refusedEvent({ ...sent, stage: ErrorStage.DOOR, status })];
    });
    if (violations.length > 0) throw invalidArgument(violations);
    await errors.publish(refused);
    return {};
  };
}

function problemsOf(count: number, bytes: number): Violation[] {
  const problems: string[] = [];
  if (count === 0 || count > MAX_ERRORS) problems.push(`must hold 1 to ${MAX_ERRORS} errors, and holds ${count}`);
  if (bytes > MAX_BYTES) problems.push(`must have at most ${MAX_BYTES} bytes, and has ${bytes}`);
  return problems.map((description) => ({ field: "event_errors", description }));
}
