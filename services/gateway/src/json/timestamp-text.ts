import { create } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe } from "./describe.ts";

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, what a Timestamp may hold. */
const EARLIEST_SECONDS = -62_135_596_800n;
const LATEST_SECONDS = 253_402_300_799n;

const EPOCH = /^([+-]?)(\d+)(?:\.(\d+))?$/;
const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:([Zz])|([+-])(\d\d):?(\d\d))?)?$/;

const RULE = "must be a time such as 2026-01-31T12:00:00Z, a date, or seconds since 1970";
const OUT_OF_RANGE = "must lie in the years 0001 to 9999";

/**
 * Reads a time: RFC 3339; ISO 8601 without a zone, or with a space for the T, as UTC; a date as its 00:00 UTC; or seconds
 * since 1970, as a number or a text, with or without a fraction. Answers what is wrong where it is no such time: a date
 * that is not in the calendar is refused, as are digits finer than a nanosecond.
 */
export function readTimestamp(json: unknown): Timestamp | string {
  const text = typeof json === "number" ? decimalOf(json) : json;
  if (typeof text !== "string") return `${RULE}, and is ${describe(json)}`;
  const epoch = EPOCH.exec(text);
  if (epoch) return fromEpoch(epoch);
  const iso = ISO.exec(text);
  return iso ? fromIso(iso, text) : `${RULE}, and is ${describe(json)}`;
}

/** A number without an exponent, so that no digit of it is lost or made up. */
function decimalOf(number: number): string {
  const text = String(number);
  const [, sign, first, rest = "", exponent] = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(text) ?? [];
  return exponent ? `${sign}0.${"0".repeat(Number(exponent) - 1)}${first}${rest}` : text;
}

function fromEpoch([text, sign, whole, fraction = ""]: RegExpExecArray): Timestamp | string {
  const magnitude = BigInt(whole!.slice(0, 20));
  const seconds = sign === "-" ? -magnitude : magnitude;
  const isOutside = whole!.length > 20 || seconds < EARLIEST_SECONDS || seconds > LATEST_SECONDS;
  if (isOutside) return `${OUT_OF_RANGE}, and ${describe(text)} seconds since 1970 do not; milliseconds are not read`;
  const nanos = nanosOf(fraction);
  if (nanos === undefined) return tooFine(text);
  // Before 1970 a Timestamp still counts its nanos forward.
  if (sign === "-" && nanos > 0) return timestamp(seconds - 1n, 1_000_000_000 - nanos);
  return timestamp(seconds, nanos);
}

function fromIso(parts: RegExpExecArray, text: string): Timestamp | string {
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [fraction = "", , sign, zoneHour = "0", zoneMinute = "0"] = parts.slice(7);
  if (second === 60) return `must not be a leap second, and is ${describe(text)}`;
  if (hour > 23 || minute > 59 || second > 59 || Number(zoneHour) > 23 || Number(zoneMinute) > 59) {
    return `must be a time of day, and is ${describe(text)}`;
  }
  const date = new Date(0);
  // Date.UTC takes the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) {
    return `must be a day of the calendar, and is ${describe(text)}`;
  }
  const nanos = nanosOf(fraction);
  if (nanos === undefined) return tooFine(text);
  const offset = (Number(zoneHour) * 3600 + Number(zoneMinute) * 60) * (sign === "-" ? -1 : 1);
  return timestamp(BigInt(date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset), nanos);
}

function nanosOf(fraction: string): number | undefined {
  return fraction.length > 9 ? undefined : Number(fraction.padEnd(9, "0"));
}

function tooFine(text: string): string {
  return `must have at most nine digits after the point, and is ${describe(text)}`;
}

function timestamp(seconds: bigint, nanos: number): Timestamp | string {
  if (seconds < EARLIEST_SECONDS || seconds > LATEST_SECONDS) return OUT_OF_RANGE;
  return create(TimestampSchema, { seconds, nanos });
}
