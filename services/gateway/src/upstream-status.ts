import { create, fromBinary } from "@bufbuild/protobuf";
import { anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { type ServiceError as GrpcError, Metadata, status } from "@grpc/grpc-js";
import { BadRequestSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { type Status, StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { type ServiceError, unavailable, type Violation } from "@ocellus/runtime/service-error.ts";
import { toServiceError, toStatus } from "@ocellus/runtime/status.ts";
import type { Logger } from "pino";

/** An error that a service answered with, as it is to be handed on. */
class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly status: Status;

  constructor(status: Status) {
    super(status.message);
    this.status = status;
  }
}

/** What a failed call of the service `name` is thrown as: its own error, or UNAVAILABLE where it could not be reached. */
export function upstreamError(error: unknown, name: string): unknown {
  if (!isGrpcError(error)) return error;
  const [trailer] = error.metadata.get("grpc-status-details-bin");
  if (trailer !== undefined) return new UpstreamError(fromBinary(StatusSchema, Buffer.from(trailer)));
  if (error.code === status.UNAVAILABLE) return serviceUnavailable(name, error);
  return new UpstreamError(create(StatusSchema, { code: error.code, message: messageOf(error, name) }));
}

/** The fields that a service found offending; none for an error of another kind. */
export function violationsOf(error: unknown): Violation[] {
  if (!(error instanceof UpstreamError)) return [];
  return error.status.details.flatMap((detail) => anyUnpack(detail, BadRequestSchema)?.fieldViolations ?? []);
}

/** UNAVAILABLE that names the service which cannot be reached. */
export function serviceUnavailable(name: string, cause: unknown): ServiceError {
  const message = `The ${name} service cannot be reached; try again`;
  return unavailable(message, ErrorReason.SERVICE_UNAVAILABLE, cause);
}

/** The google.rpc.Status that the caller of the gateway is answered for an error. The one place that turns errors into it. */
export function statusOf(error: unknown, log: Logger): Status {
  if (error instanceof UpstreamError) return error.status;
  if (error instanceof ConnectError) {
    const details = error.details.map((detail) =>
      "desc" in detail
        ? anyPack(detail.desc, create(detail.desc, detail.value))
        : {
            $typeName: "google.protobuf.Any" as const,
            typeUrl: `type.googleapis.com/${detail.type}`,
            value: detail.value,
          },
    );
    return create(StatusSchema, { code: error.code, message: error.rawMessage, details });
  }
  return toStatus(toServiceError(error, log));
}

function isGrpcError(error: unknown): error is GrpcError {
  return error instanceof Error && "metadata" in error && error.metadata instanceof Metadata && "code" in error;
}

function messageOf(error: GrpcError, name: string): string {
  if (error.code === status.DEADLINE_EXCEEDED) return `The ${name} service did not answer in time`;
  return error.details;
}
