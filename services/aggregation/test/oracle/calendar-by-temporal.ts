import type { Micros } from "@ocellus/runtime/time.ts";
import { Temporal } from "temporal-polyfill";

/** The lengths of buckets, as the contract names them. */
export type Unit = "none" | "second" | "minute" | "hour" | "day" | "week" | "month" | "quarter" | "year";

const CLOCK: Partial<Record<Unit, Micros>> = { second: 1_000_000n, minute: 60_000_000n, hour: 3_600_000_000n };
const QUARTER_OF_AN_HOUR: Micros = 900_000_000n;

const NEXT = {
  day: { days: 1 },
  week: { weeks: 1 },
  month: { months: 1 },
  quarter: { months: 3 },
  year: { years: 1 },
};

/** The start of the bucket that holds a time. */
export const startOf = remembered((time, unit, zone): Micros => {
  const local = zoned(time, zone);
  const length = CLOCK[unit];
  if (unit === "none") return time;
  if (!length) return midnight(firstDay(local.toPlainDate(), unit), zone);
  const offset = BigInt(local.offsetNanoseconds / 1000);
  return floor(time + offset, length) - offset;
});

/** What of all time is in the bucket of a time: from a time on, up to another. */
export const spanOf = remembered((time, unit, zone): { from: Micros; to: Micros } => {
  const from = startOf(time, unit, zone);
  const length = CLOCK[unit];
  if (!length) {
    const next = firstDay(zoned(time, zone).toPlainDate(), unit).add(NEXT[unit as keyof typeof NEXT]);
    return { from, to: midnight(next, zone) };
  }
  // Where the clock is changed within it, it is cut short; unless what lies on the other side starts at the same time.
  const end = from + length;
  const before = zoned(time + 1n, zone).getTimeZoneTransition("previous");
  const after = zoned(time, zone).getTimeZoneTransition("next");
  const isCutBefore = before && microsOf(before) > from && startOf(microsOf(before) - 1n, unit, zone) !== from;
  const isCutAfter = after && microsOf(after) < end && startOf(microsOf(after), unit, zone) !== from;
  return { from: isCutBefore ? microsOf(before) : from, to: isCutAfter ? microsOf(after) : end };
});

/** One time in each bucket from that of one time to that of another. */
export function timesOfBuckets(first: Micros, last: Micros, unit: Unit, zone: string): Micros[] {
  const length = CLOCK[unit];
  if (!length) return daysOfBuckets(first, last, unit, zone).map((day) => midnight(day, zone));
  const step = unit === "hour" ? QUARTER_OF_AN_HOUR : length;
  const times = new Map<Micros, Micros>();
  for (let time = floor(startOf(first, unit, zone), step); time <= last; time += step) {
    const start = startOf(time, unit, zone);
    if (start >= startOf(first, unit, zone) && !times.has(start)) times.set(start, time);
  }
  return [...times.values()];
}

function daysOfBuckets(first: Micros, last: Micros, unit: Unit, zone: string): Temporal.PlainDate[] {
  const days: Temporal.PlainDate[] = [];
  const end = firstDay(zoned(last, zone).toPlainDate(), unit);
  let day = firstDay(zoned(first, zone).toPlainDate(), unit);
  for (; Temporal.PlainDate.compare(day, end) <= 0; day = day.add(NEXT[unit as keyof typeof NEXT])) {
    // A day that never was has no midnight of its own.
    if (zoned(midnight(day, zone), zone).toPlainDate().equals(day)) days.push(day);
  }
  return days;
}

function firstDay(day: Temporal.PlainDate, unit: Unit): Temporal.PlainDate {
  if (unit === "week") return day.subtract({ days: day.dayOfWeek - 1 });
  if (unit === "month") return day.with({ day: 1 });
  if (unit === "quarter") return day.with({ day: 1, month: day.month - ((day.month - 1) % 3) });
  if (unit === "year") return day.with({ day: 1, month: 1 });
  return day;
}

const zoned = (time: Micros, zone: string) => new Temporal.ZonedDateTime(time * 1000n, zone);
const midnight = (day: Temporal.PlainDate, zone: string) => microsOf(day.toZonedDateTime(zone));
const microsOf = (local: Temporal.ZonedDateTime): Micros => local.epochNanoseconds / 1000n;

/** Tests ask the same of the same times again and again, and calendars take their time. */
function remembered<Answer>(ask: (time: Micros, unit: Unit, zone: string) => Answer): typeof ask {
  const answers = new Map<string, Answer>();
  return (time, unit, zone) => {
    const key = `${unit} ${zone} ${time}`;
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = ask(time, unit, zone);
    answers.set(key, answer);
    return answer;
  };
}

function floor(time: Micros, length: Micros): Micros {
  return time - (((time % length) + length) % length);
}
