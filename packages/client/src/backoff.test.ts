import { expect, test } from "@jest/globals";
import { waitAfter } from "./backoff.ts";

const backoff = { initialMs: 100, maxMs: 1000 };
const waits = (failures: number, retryAfterMs?: number) =>
  Array.from({ length: 2000 }, () => waitAfter(failures, backoff, retryAfterMs));

test.each([
  [1, 100],
  [2, 200],
  [4, 800],
  [5, 1000],
  [5000, 1000],
])("after failure %i a wait lies anywhere from none to %i ms", (failures, longest) => {
  const all = waits(failures);
  expect(Math.max(...all)).toBeLessThanOrEqual(longest);
  expect(Math.max(...all)).toBeGreaterThan(longest * 0.9);
  expect(Math.min(...all)).toBeLessThan(longest * 0.1);
});

test("what the server asks for is waited first, up to an hour", () => {
  expect(Math.min(...waits(1, 5000))).toBeGreaterThanOrEqual(5000);
  expect(Math.max(...waits(1, 5000))).toBeLessThanOrEqual(5100);
  expect(Math.max(...waits(1, 1e12))).toBeLessThanOrEqual(3_600_100);
});
