import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, ServiceError, unavailable } from "@ocellus/runtime/service-error.ts";
import { NatsError } from "nats";

/** JetStream's error code for a stream at its byte limit that discards what is new. */
const STREAM_FULL = 10077;
/** JetStream's error code for a server that is out of storage. */
const NO_STORAGE = 10047;

/** UNAVAILABLE: nothing was sent. */
export function nothingAccepted(): ServiceError {
  return unavailable("NATS cannot be reached, and nothing was accepted; try again", ErrorReason.QUEUE_UNAVAILABLE);
}

/** RESOURCE_EXHAUSTED: nothing was sent, since the stream has no room for it. */
export function noRoom(cause?: unknown): ServiceError {
  return queueFull("The queue of events to be stored is full, and nothing was accepted; try again later", cause);
}

/** RESOURCE_EXHAUSTED: nothing was sent, since NATS has not yet confirmed what was sent before. */
export function tooMuchInFlight(): ServiceError {
  return queueFull("More events arrive than the queue confirms, and nothing of this was accepted; try again later");
}

/** What a publication failed with, as its caller is told it. */
export function publishError(error: unknown): ServiceError {
  const code = error instanceof NatsError ? error.api_error?.err_code : undefined;
  if (code === STREAM_FULL || code === NO_STORAGE) return noRoom(error);
  return unavailable(
    "NATS did not confirm in time, so it is not known whether this was accepted; send it again with the same id and timestamp",
    ErrorReason.QUEUE_UNAVAILABLE,
    error,
  );
}

function queueFull(message: string, cause?: unknown): ServiceError {
  return new ServiceError(message, {
    code: Code.RESOURCE_EXHAUSTED,
    reason: ErrorReason.QUEUE_FULL,
    retryAfterMs: 1000,
    cause,
  });
}
