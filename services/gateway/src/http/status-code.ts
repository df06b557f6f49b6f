import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { ErrorInfoSchema, RetryInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import { ErrorReason, ErrorReasonSchema } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";

/** The HTTP status of each google.rpc.Code, as google/rpc/code.proto says; any other code is 500. */
const BY_CODE: Record<number, number> = {
  0: 200,
  1: 499,
  3: 400,
  4: 504,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  11: 400,
  12: 501,
  14: 503,
  16: 401,
};

/** The reasons for which HTTP has a status of its own. */
const BY_REASON = new Map([
  [nameOf(ErrorReason.METHOD_NOT_ALLOWED), 405],
  [nameOf(ErrorReason.UNSUPPORTED_CONTENT_TYPE), 415],
]);

/** The HTTP status of a google.rpc.Code. */
export function httpCodeOf(code: number): number {
  return BY_CODE[code] ?? 500;
}

/** The HTTP status of an error. */
export function httpStatusOf(status: Status): number {
  const reasons = status.details.map((detail) => anyUnpack(detail, ErrorInfoSchema)?.reason ?? "");
  return reasons.map((reason) => BY_REASON.get(reason)).find((code) => code !== undefined) ?? httpCodeOf(status.code);
}

/** The value of the header Retry-After, in whole seconds; undefined where the error does not say when to retry. */
export function retryAfterOf(status: Status): string | undefined {
  for (const detail of status.details) {
    const delay = anyUnpack(detail, RetryInfoSchema)?.retryDelay;
    if (delay) return String(Math.max(1, Math.ceil(Number(delay.seconds) + delay.nanos / 1e9)));
  }
  return undefined;
}

function nameOf(reason: ErrorReason): string {
  return ErrorReasonSchema.value[reason]!.localName;
}
