import { expect, test } from "@jest/globals";
import { forgetEndlessTimeout } from "./forget-endless-timeout.ts";

test.each([
  ["grpc-timeout", "99999999H", false],
  ["grpc-timeout", "597H", false],
  ["grpc-timeout", "596H", true],
  ["grpc-timeout", "1n", true],
  ["grpc-timeout", "x", true],
  ["connect-timeout-ms", "9999999999", false],
  ["connect-timeout-ms", "2147483647", true],
  ["connect-timeout-ms", "0", true],
])("%s: %s stays: %s", (name, value, stays) => {
  const headers = { [name]: value };
  forgetEndlessTimeout(headers);
  expect(headers).toEqual(stays ? { [name]: value } : {});
});
