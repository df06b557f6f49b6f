import { create } from "@bufbuild/protobuf";
import { anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { type ServiceError as GrpcError, status } from "@grpc/grpc-js";
import { BadRequestSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { type Status, StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";
import { answeredStatus, isGrpcError } from "@ocellus/runtime/answered-status.ts";
import { serviceUnavailable, type Violation } from "@ocellus/runtime/service-error.ts";
import { toServiceError, toStatus } from "@ocellus/runtime/status.ts";
import type { Logger } from "pino";
import { renameFields } from "./rename-fields.ts";

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
  const answered = answeredStatus(error);
  if (answered) return new UpstreamError(answered);
  if (error.code === status.UNAVAILABLE) return serviceUnavailable(name, error);
  return new UpstreamError(create(StatusSchema, { code: error.code, message: messageOf(error, name) }));
}

/** What a status that a service answered within a response is thrown as. */
export function answeredError(status: Status): Error {
  return new UpstreamError(status);
}

/** The error of a failed call with the fields that it names renamed. */
export function withFieldsRenamed(error: unknown, rename: (path: string) => string): unknown {
  return error instanceof UpstreamError ? new UpstreamError(renameFields(error.status, rename)) : error;
}

/** The fields that a service found offending; none for an error of another kind. */
export function violationsOf(error: unknown): Violation[] {
  return error instanceof UpstreamError ? violationsIn(error.status) : [];
}

/** The offending fields that a status names. */
export function violationsIn(status: Status): Violation[] {
  return status.details.flatMap((detail) => anyUnpack(detail, BadRequestSchema)?.fieldViolations ?? []);
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

/** What the transport itself says tells of connections and of their errors, which are not the caller's. */
function messageOf(error: GrpcError, name: string): string {
  if (error.code === status.DEADLINE_EXCEEDED) return `The ${name} service did not answer in time`;
  if (error.code === status.CANCELLED) return "The call was cancelled";
  return `The ${name} service could not answer; try again`;
}
