import type { Reader } from "@ocellus/wire/reader.ts";

const SECONDS = 0x08;
const NANOS = 0x10;

const DAY_SECONDS = 86_400;
const LATEST_SECONDS = 253_402_300_799;
const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));

let knownDay = 0;
/** The date of `knownDay`, counted since 1970: the times of one answer are close to each other. */
let date = "1970-01-01";

/**
 * The proto3 JSON of the encoded Timestamp that the reader stands before, up to `end`. Undefined where it lies before 1970, or is not
 * written as usual.
 */
export function timeText(reader: Reader, end: number): string | undefined {
  const seconds = numberOf(SECONDS, reader, end);
  const nanos = numberOf(NANOS, reader, end);
  if (seconds < 0 || nanos < 0 || reader.at !== end || seconds > LATEST_SECONDS || nanos > 999_999_999)
    return undefined;
  const second = seconds % DAY_SECONDS;
  const day = (seconds - second) / DAY_SECONDS;
  if (day !== knownDay) {
    date = new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10);
    knownDay = day;
  }
  const minute = Math.floor(second / 60);
  const time = `${TWO_DIGITS[Math.floor(minute / 60)]}:${TWO_DIGITS[minute % 60]}:${TWO_DIGITS[second % 60]}`;
  return nanos === 0 ? `${date}T${time}Z` : `${date}T${time}.${fraction(nanos)}Z`;
}

/** Zero where the field is left out; below it where it cannot be read. */
function numberOf(tag: number, reader: Reader, end: number): number {
  if (reader.at >= end || reader.bytes[reader.at] !== tag) return 0;
  reader.at++;
  return reader.varint(end);
}

/** Three, six or nine digits. */
function fraction(nanos: number): string {
  const digits = String(nanos).padStart(9, "0");
  if (nanos % 1_000_000 === 0) return digits.slice(0, 3);
  return nanos % 1000 === 0 ? digits.slice(0, 6) : digits;
}
