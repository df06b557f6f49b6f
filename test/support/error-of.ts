import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { ServiceError } from "@grpc/grpc-js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";

/** What a failed gRPC call says. */
export interface CallError {
  code: number;
  message: string;
  reason: string | undefined;
  /** The offending fields. */
  fields: string[];
  retryAfterSeconds: number | undefined;
}

/** The error of a call that must fail, with its google.rpc.Status. */
export async function errorOf(call: Promise<unknown>): Promise<CallError> {
  const error = await call.then(
    (answer) => {
      throw new Error(`The call should have failed, and answered ${JSON.stringify(answer, bigintsAsText)}`);
    },
    (error: ServiceError) => error,
  );
  const [trailer] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!trailer) throw error;
  const { code, message, details } = fromBinary(StatusSchema, trailer as Buffer);
  const find = <T>(unpack: (detail: (typeof details)[number]) => T | undefined) =>
    details.map(unpack).find((detail) => detail !== undefined);
  const retry = find((detail) => anyUnpack(detail, RetryInfoSchema))?.retryDelay;
  return {
    code,
    message,
    reason: find((detail) => anyUnpack(detail, ErrorInfoSchema))?.reason,
    fields: find((detail) => anyUnpack(detail, BadRequestSchema))?.fieldViolations.map(({ field }) => field) ?? [],
    retryAfterSeconds: retry && Number(retry.seconds) + retry.nanos / 1e9,
  };
}

function bigintsAsText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
