import { expect, test } from "@jest/globals";
import { EARLIEST, isoOf, LATEST, microsOf, microsOfSql, timestampOf } from "./time.ts";

test.each([
  [0n, "1970-01-01T00:00:00.000000Z"],
  [1n, "1970-01-01T00:00:00.000001Z"],
  [-1n, "1969-12-31T23:59:59.999999Z"],
  [1_767_225_600_123_456n, "2026-01-01T00:00:00.123456Z"],
  [EARLIEST, "0001-01-01T00:00:00.000000Z"],
  [LATEST, "9999-12-31T23:59:59.999999Z"],
])("%s microseconds are %s, and back", (micros, iso) => {
  expect(isoOf(micros)).toBe(iso);
  expect(microsOfSql(iso)).toBe(micros);
  expect(microsOf(timestampOf(micros))).toBe(micros);
});

test("a time is read as PostgreSQL writes it, with trailing zeros left out", () => {
  expect(isoOf(microsOfSql("2026-01-31 12:00:00.5+00"))).toBe("2026-01-31T12:00:00.500000Z");
});

test("a time in another zone than UTC is refused rather than misread", () => {
  expect(() => microsOfSql("2026-01-31 12:00:00+01")).toThrow("2026-01-31 12:00:00+01");
});

test("what is finer than a microsecond is cut off", () => {
  expect(microsOf({ $typeName: "google.protobuf.Timestamp", seconds: 1n, nanos: 1999 })).toBe(1_000_001n);
});
