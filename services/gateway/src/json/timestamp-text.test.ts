import { expect, test } from "@jest/globals";
import { readTimestamp } from "./timestamp-text.ts";

const MIDNIGHT = 1_769_817_600n; // 2026-01-31T00:00:00Z

test.each([
  ["RFC 3339", "2026-01-31T12:00:00Z", MIDNIGHT + 43_200n, 0],
  ["RFC 3339 in lower case", "2026-01-31t12:00:00z", MIDNIGHT + 43_200n, 0],
  ["a zone", "2026-01-31T02:00:00+02:00", MIDNIGHT, 0],
  ["a zone west of Greenwich", "2026-01-30T18:30:00-05:30", MIDNIGHT, 0],
  ["a zone without a colon", "2026-01-31T02:00:00+0200", MIDNIGHT, 0],
  ["no zone", "2026-01-31T12:00:00", MIDNIGHT + 43_200n, 0],
  ["a space for the T", "2026-01-31 12:00:00.25", MIDNIGHT + 43_200n, 250_000_000],
  ["no seconds", "2026-01-31T12:30", MIDNIGHT + 45_000n, 0],
  ["a date", "2026-01-31", MIDNIGHT, 0],
  ["nine digits", "2026-01-31T00:00:00.000000001Z", MIDNIGHT, 1],
  ["a leap day", "2024-02-29", 1_709_164_800n, 0],
  ["the first year", "0001-01-01T00:00:00Z", -62_135_596_800n, 0],
  ["the last second", "9999-12-31T23:59:59.999999999Z", 253_402_300_799n, 999_999_999],
  ["epoch seconds", 1_544_896_138, 1_544_896_138n, 0],
  ["epoch seconds as text", "1544896138", 1_544_896_138n, 0],
  ["a fraction", 1.5, 1n, 500_000_000],
  ["a fraction as text", "1544896138.123456789", 1_544_896_138n, 123_456_789],
  ["a time before 1970", -1.25, -2n, 750_000_000],
  ["a small fraction", 1.5e-7, 0n, 150],
  ["zero", 0, 0n, 0],
])("%s is read", (_, json, seconds, nanos) => {
  expect(readTimestamp(json)).toMatchObject({ seconds, nanos });
});

test.each([
  ["2026-02-30", "must be a day of the calendar"],
  ["2025-02-29T00:00:00Z", "must be a day of the calendar"],
  ["1900-02-29", "must be a day of the calendar"],
  ["2026-13-01", "must be a day of the calendar"],
  ["2026-00-10", "must be a day of the calendar"],
  ["2026-01-31T24:00:00Z", "must be a time of day"],
  ["2026-01-31T12:60:00Z", "must be a time of day"],
  ["2026-01-31T12:00:00+24:00", "must be a time of day"],
  ["2016-12-31T23:59:60Z", "must not be a leap second"],
  ["2026-01-31T00:00:00.0000000001Z", "at most nine digits"],
  ["1.0123456789", "at most nine digits"],
  [1e-10, "at most nine digits"],
  ["0000-12-31", "must lie in the years 0001 to 9999"],
  ["0001-01-01T00:00:00+00:01", "must lie in the years 0001 to 9999"],
  ["9999-12-31T23:59:59-00:01", "must lie in the years 0001 to 9999"],
  [1_544_896_138_000, "milliseconds are not read"],
  ["9".repeat(400), "must lie in the years 0001 to 9999"],
  [Number.POSITIVE_INFINITY, "must be a time such as"],
  ["yesterday", "must be a time such as"],
  ["", "must be a time such as"],
  [" 2026-01-31", "must be a time such as"],
  ["2026-1-31", "must be a time such as"],
  [true, "must be a time such as"],
  [null, "must be a time such as"],
  [{ seconds: 1 }, "must be a time such as"],
])("%j is refused", (json, problem) => {
  expect(readTimestamp(json)).toContain(problem);
});
