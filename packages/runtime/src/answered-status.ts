import { fromBinary } from "@bufbuild/protobuf";
import { type ServiceError as GrpcError, Metadata } from "@grpc/grpc-js";
import { type Status, StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";
import { STATUS_TRAILER } from "./status.ts";

/** Whether an error is that of a failed call of grpc-js. */
export function isGrpcError(error: unknown): error is GrpcError {
  return error instanceof Error && "metadata" in error && error.metadata instanceof Metadata && "code" in error;
}

/** The google.rpc.Status with which a service answered a call; undefined where the call failed otherwise. */
export function answeredStatus(error: GrpcError): Status | undefined {
  const [trailer] = error.metadata.get(STATUS_TRAILER);
  return trailer === undefined ? undefined : fromBinary(StatusSchema, Buffer.from(trailer));
}
