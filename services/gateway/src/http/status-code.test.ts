import { expect, test } from "@jest/globals";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { ServiceError } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { httpCodeOf, httpStatusOf, retryAfterOf } from "./status-code.ts";

test.each([
  ["OK", 0, 200],
  ["CANCELLED", 1, 499],
  ["UNKNOWN", 2, 500],
  ["INVALID_ARGUMENT", 3, 400],
  ["DEADLINE_EXCEEDED", 4, 504],
  ["NOT_FOUND", 5, 404],
  ["ALREADY_EXISTS", 6, 409],
  ["PERMISSION_DENIED", 7, 403],
  ["RESOURCE_EXHAUSTED", 8, 429],
  ["FAILED_PRECONDITION", 9, 400],
  ["ABORTED", 10, 409],
  ["OUT_OF_RANGE", 11, 400],
  ["UNIMPLEMENTED", 12, 501],
  ["INTERNAL", 13, 500],
  ["UNAVAILABLE", 14, 503],
  ["DATA_LOSS", 15, 500],
  ["UNAUTHENTICATED", 16, 401],
])("%s is HTTP %d → %d", (_, code, expected) => {
  expect(httpCodeOf(code)).toBe(expected);
});

test.each([
  [12, ErrorReason.METHOD_NOT_ALLOWED, 405],
  [3, ErrorReason.UNSUPPORTED_CONTENT_TYPE, 415],
  [3, ErrorReason.INVALID_EVENT, 400],
])("code %d with reason %d is HTTP %d", (code, reason, expected) => {
  expect(httpStatusOf(toStatus(new ServiceError("", { code, reason })))).toBe(expected);
});

test.each([
  [undefined, undefined],
  [1, "1"],
  [1000, "1"],
  [2001, "3"],
])("a retry after %s ms is Retry-After: %s", (retryAfterMs, expected) => {
  const facts = { code: 14, reason: ErrorReason.QUEUE_UNAVAILABLE };
  const error = new ServiceError("", retryAfterMs === undefined ? facts : { ...facts, retryAfterMs });
  expect(retryAfterOf(toStatus(error))).toBe(expected);
});
