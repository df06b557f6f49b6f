import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { expect, test } from "@jest/globals";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { pino } from "pino";
import { Code, invalidArgument, unavailable } from "./service-error.ts";
import { STATUS_TRAILER, toGrpcStatus, toServiceError, toStatus } from "./status.ts";

const log = pino({ level: "silent" });

test("a status carries the reason, the offending fields and the retry delay", () => {
  const invalid = toStatus(invalidArgument([{ field: "name", description: "must not be empty" }]));
  expect(invalid).toMatchObject({ code: Code.INVALID_ARGUMENT, message: "name: must not be empty" });
  expect(anyUnpack(invalid.details[0]!, ErrorInfoSchema)).toMatchObject({
    reason: "INVALID_REQUEST",
    domain: "ocellus.dev",
  });
  expect(anyUnpack(invalid.details[1]!, BadRequestSchema)?.fieldViolations).toMatchObject([
    { field: "name", description: "must not be empty" },
  ]);
  const busy = toStatus(unavailable("busy", ErrorReason.QUEUE_UNAVAILABLE, undefined, 1500));
  expect(anyUnpack(busy.details[1]!, RetryInfoSchema)?.retryDelay).toMatchObject({ seconds: 1n, nanos: 500_000_000 });
});

test.each([
  [Object.assign(new Error("refused"), { code: "ECONNREFUSED" })],
  [Object.assign(new Error("terminating connection due to administrator command"), { code: "57P01" })],
  [new Error("Connection terminated unexpectedly")],
  [new Error("wrapped", { cause: Object.assign(new Error("reset"), { code: "ECONNRESET" }) })],
])("%s of PostgreSQL is UNAVAILABLE", (error) => {
  expect(toServiceError(error, log)).toMatchObject({
    code: Code.UNAVAILABLE,
    reason: ErrorReason.DATABASE_UNAVAILABLE,
  });
});

test("a fault of ours is INTERNAL, and the caller learns nothing of it but an id", () => {
  const error = toServiceError(new Error("column secret does not exist"), log);
  expect(error).toMatchObject({ code: Code.INTERNAL, reason: ErrorReason.INTERNAL });
  expect(error.message).not.toContain("secret");
  expect(error.message).toMatch(/[0-9a-f-]{36}$/);
});

test("of what led to an error its caller learns nothing: no cause, no stack, no file", () => {
  const error = invalidArgument([{ field: "name", description: "must not be empty" }]);
  error.cause = new Error("relation ingest.events does not exist");
  const told = unavailable("busy", ErrorReason.QUEUE_UNAVAILABLE, error.cause);
  const faults = [new TypeError("x is not a function"), error.cause].map((fault) => toServiceError(fault, log));
  for (const one of [error, told, ...faults]) {
    const { code, details, metadata } = toGrpcStatus(one);
    const [bytes] = metadata.get(STATUS_TRAILER);
    const all = `${code} ${details} ${(bytes as Buffer).toString("latin1")}`;
    expect(all).not.toMatch(/relation|function|status\.test|\bat /);
  }
});
