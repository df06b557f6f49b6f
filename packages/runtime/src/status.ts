import { randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack, durationFromMs } from "@bufbuild/protobuf/wkt";
import { Metadata, type StatusObject } from "@grpc/grpc-js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { type Status, StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";
import { ErrorReason, ErrorReasonSchema } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { Logger } from "pino";
import { isDatabaseUnavailable } from "./database-errors.ts";
import { Code, ServiceError, unavailable } from "./service-error.ts";

/** The domain of every ErrorInfo. */
export const ERROR_DOMAIN = "ocellus.dev";

/** The key of the binary trailer in which gRPC carries a google.rpc.Status. */
export const STATUS_TRAILER = "grpc-status-details-bin";

/** The google.rpc.Status of an error, with one ErrorInfo, and BadRequest and RetryInfo where they apply. */
export function toStatus(error: ServiceError): Status {
  const details = [
    anyPack(
      ErrorInfoSchema,
      create(ErrorInfoSchema, {
        reason: ErrorReasonSchema.value[error.reason]?.localName ?? "",
        domain: ERROR_DOMAIN,
        metadata: error.metadata,
      }),
    ),
  ];
  if (error.violations.length > 0) {
    details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations: error.violations })));
  }
  if (error.retryAfterMs !== undefined) {
    const retryInfo = create(RetryInfoSchema, { retryDelay: durationFromMs(error.retryAfterMs) });
    details.push(anyPack(RetryInfoSchema, retryInfo));
  }
  return create(StatusSchema, { code: error.code, message: error.message, details });
}

/**
 * The error that a caller is told of in place of `error`. What is no ServiceError is a fault of ours or of the database:
 * it is logged under an id, and the caller learns the id alone.
 */
export function toServiceError(error: unknown, log: Logger): ServiceError {
  if (error instanceof ServiceError) {
    // At the level debug, since an outage would fill the log with an answer that every caller gets.
    if (error.cause !== undefined) log.debug({ err: error.cause }, error.message);
    return error;
  }
  if (isDatabaseUnavailable(error)) {
    return toServiceError(
      unavailable("PostgreSQL cannot be reached; try again", ErrorReason.DATABASE_UNAVAILABLE, error),
      log,
    );
  }
  const id = randomUUID();
  log.error({ err: error, errorId: id }, "an unexpected error");
  return new ServiceError(`An internal error. The service's log tells more under ${id}`, {
    code: Code.INTERNAL,
    reason: ErrorReason.INTERNAL,
  });
}

/** What grpc-js sends for an error. */
export function toGrpcStatus(error: ServiceError): Pick<StatusObject, "code" | "details" | "metadata"> {
  const metadata = new Metadata();
  metadata.set(STATUS_TRAILER, Buffer.from(toBinary(StatusSchema, toStatus(error))));
  return { code: error.code, details: error.message, metadata };
}
