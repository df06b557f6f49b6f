import { status } from "@grpc/grpc-js";
import { expect, test } from "@jest/globals";
import { ErrorReasonSchema } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { ServiceError } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { httpStatusOf } from "../http/status-code.ts";
import { reasons } from "./error-reasons.ts";

test("the comment of every reason tells its code and its HTTP status", () => {
  const all = ErrorReasonSchema.values.filter(({ number }) => number !== 0).map(({ localName }) => localName);
  expect(reasons.map(({ name }) => name)).toEqual(all);
});

test.each(reasons.map((reason) => [reason.name, reason] as const))(
  "%s has the HTTP status that it tells",
  (_, reason) => {
    const error = new ServiceError("", { code: status[reason.code], reason: reason.number });
    expect(httpStatusOf(toStatus(error))).toBe(reason.httpStatus);
  },
);
