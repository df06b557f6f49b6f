import { ServiceError } from "@ocellus/runtime/service-error.ts";
import { isoOf } from "@ocellus/runtime/time.ts";
import type { TakenEvent } from "./taken-event.ts";

/** The error with what a retry must carry, which the client cannot know where it left that to us. */
export function withIdentity(error: ServiceError, taken: TakenEvent): ServiceError {
  const { code, reason, retryAfterMs, cause, message } = error;
  const identity = `id "${taken.idText()}", timestamp "${isoOf(taken.time())}"`;
  return new ServiceError(`${message} (${identity})`, { code, reason, retryAfterMs, cause });
}
