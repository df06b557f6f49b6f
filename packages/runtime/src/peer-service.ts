import type { DescMethod } from "@bufbuild/protobuf";
import { anyUnpack, durationMs } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import { ErrorReason, ErrorReasonSchema } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { answeredStatus, isGrpcError } from "./answered-status.ts";
import { type CallOptions, type Channel, clientOf, type ServiceClient } from "./grpc-client.ts";
import type { AnyService } from "./handlers.ts";
import { callReached } from "./require-reach.ts";
import { ServiceError, serviceUnavailable } from "./service-error.ts";

type Call = (request: unknown, options?: CallOptions) => Promise<unknown>;

/**
 * The unary methods of another service of the suite, for use in a handler. A failed call throws that service's own error as a
 * `ServiceError`, so that the caller's caller is told of it, or UNAVAILABLE that names the service where it cannot be reached.
 */
export function peerService<S extends AnyService>(descriptor: S, name: string, channel: Channel): ServiceClient<S> {
  const client = clientOf(descriptor, channel) as Record<string, Call>;
  const relayed =
    (method: DescMethod) =>
    async (request: unknown, options: CallOptions = {}) => {
      const call = () => client[method.localName]!(request, options);
      try {
        return await callReached({ client: channel.client, name, method, signal: options.signal, call });
      } catch (error) {
        throw relayedError(error, name);
      }
    };
  const methods = descriptor.methods.filter(({ methodKind }) => methodKind === "unary");
  return Object.fromEntries(methods.map((method) => [method.localName, relayed(method)])) as ServiceClient<S>;
}

function relayedError(error: unknown, name: string): unknown {
  if (!isGrpcError(error)) return error;
  const answered = answeredStatus(error);
  if (answered) return serviceErrorOf(answered, error);
  const isGone = error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED;
  return isGone ? serviceUnavailable(name, error) : error;
}

/** The error that `toStatus` made a status of. */
function serviceErrorOf({ code, message, details }: Status, cause: unknown): ServiceError {
  const reason = details.map((detail) => anyUnpack(detail, ErrorInfoSchema)?.reason).find(Boolean);
  const retry = details.map((detail) => anyUnpack(detail, RetryInfoSchema)?.retryDelay).find(Boolean);
  return new ServiceError(message, {
    code,
    reason:
      (ErrorReasonSchema.values.find(({ localName }) => localName === reason)?.number as ErrorReason | undefined) ??
      ErrorReason.INTERNAL,
    violations: details.flatMap((detail) => anyUnpack(detail, BadRequestSchema)?.fieldViolations ?? []),
    ...(retry && { retryAfterMs: durationMs(retry) }),
    cause,
  });
}
