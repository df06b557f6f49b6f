import type { Reader } from "@ocellus/wire/reader.ts";

const SECONDS = 0x08;
const NANOS = 0x10;

let knownSeconds = 0;
/** The text of `knownSeconds`: the times of one answer are close to each other. */
let known = "1970-01-01T00:00:00";

/**
 * The proto3 JSON of the encoded Timestamp that the reader stands before, up to `end`. Undefined where it lies before 1970, or is not
 * written as usual.
 */
export function timeText(reader: Reader, end: number): string | undefined {
  const seconds = numberOf(SECONDS, reader, end);
  const nanos = numberOf(NANOS, reader, end);
  if (seconds < 0 || nanos < 0 || reader.at !== end || seconds > 253_402_300_799 || nanos > 999_999_999)
    return undefined;
  if (seconds !== knownSeconds) {
    known = new Date(seconds * 1000).toISOString().slice(0, 19);
    knownSeconds = seconds;
  }
  return nanos === 0 ? `${known}Z` : `${known}.${fraction(nanos)}Z`;
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
