import { expect, test } from "@jest/globals";
import { microsOfSql } from "@ocellus/runtime/time.ts";
import { countBuckets } from "./count-buckets.ts";
import type { Unit } from "./query.ts";

test.each<[bigint, Unit, string, string]>([
  [2n, "second", "2026-01-01T00:00:00.999999Z", "2026-01-01T00:00:01Z"],
  [1n, "minute", "2026-01-01T00:00:00Z", "2026-01-01T00:00:59.999999Z"],
  [25n, "hour", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"],
  [2n, "day", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z"],
  [1n, "week", "2025-12-29T00:00:00Z", "2026-01-04T23:59:59Z"],
  [2n, "week", "1969-12-28T00:00:00Z", "1969-12-29T00:00:00Z"],
  [3n, "month", "2025-12-31T00:00:00Z", "2026-02-01T00:00:00Z"],
  [2n, "quarter", "2026-03-31T23:59:59Z", "2026-04-01T00:00:00Z"],
  [9999n, "year", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"],
  [0n, "hour", "2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z"],
  [0n, "microsecond", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"],
])("%s buckets of a %s lie between %s and %s", (count, unit, min, max) => {
  expect(countBuckets(unit, microsOfSql(min), microsOfSql(max))).toBe(count);
});
