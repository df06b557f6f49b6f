import { expect, test } from "@jest/globals";
import { averageOf, rateOf, sumOf } from "./decimal.ts";

test.each([
  [[0.1, 0.2], 0.3, 0.15],
  [[1e300, 1, -1e300], 1, 1 / 3],
  [[5e-324, 5e-324], 1e-323, 5e-324],
  [[1, 1, 0], 2, 2 / 3],
  [[-7], -7, -7],
  [[1.5e-7, 2e21], 2e21, 1e21],
])("the numbers %j make %d, and %d on average", (values, sum, average) => {
  expect([sumOf(values), averageOf(values)]).toEqual([sum, average]);
});

test("a rate is rounded once", () => {
  expect(rateOf(1, 4_406_399_999_999n)).toBe(2.2694262890346471e-7);
});
