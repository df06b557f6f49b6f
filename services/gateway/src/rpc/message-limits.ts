import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import type { BodyLimits } from "../http/body-limits.ts";

/** What bounds a message. */
export type MessageLimits = Pick<BodyLimits, "messageBytes" | "inHandBytes">;

/** The refusal of a message beyond the limit. */
export function tooLarge(messageBytes: number): ServiceError {
  return new ServiceError(`The request has more than ${messageBytes} bytes; send less at a time`, {
    code: Code.INVALID_ARGUMENT,
    reason: ErrorReason.INVALID_REQUEST,
  });
}

/** The refusal of bytes that are no message. */
export function malformed(message: string): ServiceError {
  return new ServiceError(message, { code: Code.INVALID_ARGUMENT, reason: ErrorReason.MALFORMED_BODY });
}
