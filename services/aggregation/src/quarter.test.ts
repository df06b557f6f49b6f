import { expect, test } from "@jest/globals";
import { isoOf, microsOfSql } from "@ocellus/runtime/time.ts";
import { quarterOf } from "./quarter.ts";

test.each([
  ["2026-01-01T12:00:00Z", "2026-01-01T12:00:00.000000Z"],
  ["2026-01-01T12:14:59.999999Z", "2026-01-01T12:00:00.000000Z"],
  ["2026-01-01T12:15:00Z", "2026-01-01T12:15:00.000000Z"],
  ["1969-12-31T23:59:59Z", "1969-12-31T23:45:00.000000Z"],
])("the quarter of %s starts at %s", (time, start) => {
  expect(isoOf(quarterOf(microsOfSql(time)))).toBe(start);
});
