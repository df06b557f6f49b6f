import { expect, test } from "@jest/globals";
import { isoOf, microsOfSql } from "@ocellus/runtime/time.ts";
import { spanOf, startOf, timesOfBuckets, type Unit } from "./calendar-by-temporal.ts";

const at = microsOfSql;

test.each<[time: string, unit: Unit, zone: string, from: string, to: string]>([
  ["2025-03-30T12:00:00Z", "day", "Europe/Amsterdam", "2025-03-29T23:00:00Z", "2025-03-30T22:00:00Z"],
  ["2025-10-26T12:00:00Z", "day", "Europe/Amsterdam", "2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z"],
  // The hour that comes twice is two.
  ["2025-10-26T00:30:00Z", "hour", "Europe/Amsterdam", "2025-10-26T00:00:00Z", "2025-10-26T01:00:00Z"],
  ["2025-10-26T01:30:00Z", "hour", "Europe/Amsterdam", "2025-10-26T01:00:00Z", "2025-10-26T02:00:00Z"],
  ["2025-11-02T12:00:00Z", "day", "America/New_York", "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"],
  ["2026-01-01T12:20:00Z", "hour", "Asia/Kolkata", "2026-01-01T11:30:00Z", "2026-01-01T12:30:00Z"],
  ["2026-01-01T12:20:00Z", "hour", "Asia/Kathmandu", "2026-01-01T12:15:00Z", "2026-01-01T13:15:00Z"],
  // The clock goes back by half an hour at 15:00Z, and on by half an hour at 15:30Z.
  ["2025-04-05T14:30:00Z", "hour", "Australia/Lord_Howe", "2025-04-05T14:00:00Z", "2025-04-05T15:00:00Z"],
  ["2025-04-05T15:10:00Z", "hour", "Australia/Lord_Howe", "2025-04-05T15:00:00Z", "2025-04-05T15:30:00Z"],
  ["2025-10-04T15:10:00Z", "hour", "Australia/Lord_Howe", "2025-10-04T14:30:00Z", "2025-10-04T15:30:00Z"],
  ["2025-10-04T15:40:00Z", "hour", "Australia/Lord_Howe", "2025-10-04T15:30:00Z", "2025-10-04T16:00:00Z"],
  // The clock goes on by an hour at one minute past midnight: of the hours 0 and 1 both start at 03:30Z by their own offset.
  ["2010-03-14T03:30:30Z", "hour", "America/St_Johns", "2010-03-14T03:30:00Z", "2010-03-14T04:30:00Z"],
  ["2010-03-14T03:40:00Z", "hour", "America/St_Johns", "2010-03-14T03:30:00Z", "2010-03-14T04:30:00Z"],
  // After the 29th came the 31st.
  ["2011-12-30T09:59:59Z", "day", "Pacific/Apia", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"],
  ["2011-12-30T10:00:00Z", "day", "Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"],
  // A day without a midnight.
  ["2017-10-15T12:00:00Z", "day", "America/Sao_Paulo", "2017-10-15T03:00:00Z", "2017-10-16T02:00:00Z"],
  ["2024-12-31T12:00:00Z", "week", "UTC", "2024-12-30T00:00:00Z", "2025-01-06T00:00:00Z"],
  ["2024-02-29T12:00:00Z", "month", "UTC", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"],
  ["2024-02-29T12:00:00Z", "quarter", "UTC", "2024-01-01T00:00:00Z", "2024-04-01T00:00:00Z"],
  ["2024-12-31T18:30:00Z", "year", "Asia/Kolkata", "2024-12-31T18:30:00Z", "2025-12-31T18:30:00Z"],
])("of %s by the %s in %s the bucket is from %s to %s", (time, unit, zone, from, to) => {
  const span = spanOf(at(time), unit, zone);
  expect([isoOf(span.from), isoOf(span.to)]).toEqual([isoOf(at(from)), isoOf(at(to))]);
});

test("an hour that is cut short starts by its own offset, before it begins", () => {
  const start = startOf(at("2025-04-05T15:10:00Z"), "hour", "Australia/Lord_Howe");
  expect(isoOf(start)).toBe("2025-04-05T14:30:00.000000Z");
});

test("a day that never was is no bucket", () => {
  const days = timesOfBuckets(at("2011-12-29T00:00:00Z"), at("2012-01-01T00:00:00Z"), "day", "Pacific/Apia");
  expect(days.map(isoOf)).toEqual([
    "2011-12-28T10:00:00.000000Z",
    "2011-12-29T10:00:00.000000Z",
    "2011-12-30T10:00:00.000000Z",
    "2011-12-31T10:00:00.000000Z",
  ]);
});
