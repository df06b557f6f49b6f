import { create } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";

/** Microseconds since 1970-01-01T00:00:00Z: the resolution of PostgreSQL, which the JavaScript Date lacks. */
export type Micros = bigint;

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z, what a protobuf Timestamp may hold. */
export const EARLIEST: Micros = -62_135_596_800_000_000n;
export const LATEST: Micros = 253_402_300_799_999_999n;

/** The time now. */
export function nowMicros(): Micros {
  return BigInt(Date.now()) * 1000n;
}

/** Whether a text is a number of microseconds that a protobuf Timestamp may hold. */
export function isMicros(text: string): boolean {
  return /^-?\d{1,18}$/.test(text) && BigInt(text) >= EARLIEST && BigInt(text) <= LATEST;
}

/** A Timestamp to the microsecond; what is finer is cut off. */
export function microsOf({ seconds, nanos }: Timestamp): Micros {
  return seconds * 1_000_000n + BigInt(Math.trunc(nanos / 1000));
}

/** The Timestamp of a time. */
export function timestampOf(micros: Micros): Timestamp {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return create(TimestampSchema, { seconds: (micros - rest) / 1_000_000n, nanos: Number(rest) * 1000 });
}

/** A time as RFC 3339 in UTC with six digits after the point, which PostgreSQL reads as it is. */
export function isoOf(micros: Micros): string {
  const rest = ((micros % 1000n) + 1000n) % 1000n;
  const millis = new Date(Number((micros - rest) / 1000n)).toISOString();
  return `${millis.slice(0, -1)}${String(rest).padStart(3, "0")}Z`;
}

const FOUR_CENTURIES_MS = 146_097 * 86_400_000;
const SQL_TIME = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:\+00(?::00)?|Z)$/;

/** A time as PostgreSQL writes it in UTC, such as "2026-01-31 12:00:00.123456+00". */
export function microsOfSql(text: string): Micros {
  const [, year, month, day, hour, minute, second, fraction] = SQL_TIME.exec(text) ?? [];
  if (!year) throw new Error(`PostgreSQL answered "${text}" where a time in UTC was expected`);
  // Date.UTC takes the years 0 to 99 as 1900 to 1999; the calendar is the same every 400 years.
  const later = Date.UTC(
    Number(year) + 400,
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const micros = fraction === undefined ? 0 : Number(fraction.padEnd(6, "0"));
  return BigInt(later - FOUR_CENTURIES_MS) * 1000n + BigInt(micros);
}
