import type { Growing } from "@ocellus/wire/growing.ts";
import { readTimestamp } from "../json/timestamp-text.ts";

const SECONDS = 0x08;
const NANOS = 0x10;

/** The days of each month; 29 February is left to `readTimestamp`, too. */
const DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Writes a time as a field of the type google.protobuf.Timestamp. Answers false where it is none, or lies before 1970: what was
 * written until then is to be thrown away.
 */
export function writeTime(tag: number, value: unknown, out: Growing): boolean {
  const millis = typeof value === "string" ? plainMillis(value) : -1;
  if (millis >= 0) {
    const rest = millis % 1000;
    writeTimestamp(tag, (millis - rest) / 1000, rest * 1_000_000, out);
    return true;
  }
  const time = readTimestamp(value);
  if (typeof time === "string" || time.seconds < 0n) return false;
  writeTimestamp(tag, Number(time.seconds), time.nanos, out);
  return true;
}

function writeTimestamp(tag: number, seconds: number, nanos: number, out: Growing): void {
  out.byte(tag);
  const start = out.open();
  out.byte(SECONDS);
  out.wideVarint(seconds);
  if (nanos > 0) {
    out.byte(NANOS);
    out.varint(nanos);
  }
  out.close(start);
}

/**
 * The milliseconds since 1970 of a time as JavaScript writes it, such as 2026-01-31T12:00:00.000Z or without the fraction. -1 for
 * anything else, which is for `readTimestamp` to read.
 */
function plainMillis(text: string): number {
  const { length } = text;
  if ((length !== 20 && length !== 24) || text.charCodeAt(length - 1) !== 0x5a) return -1;
  const isPunctuated =
    text[4] === "-" &&
    text[7] === "-" &&
    text[10] === "T" &&
    text[13] === ":" &&
    text[16] === ":" &&
    (length === 20 || text[19] === ".");
  if (!isPunctuated) return -1;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  const hour = digits(text, 11, 13);
  const minute = digits(text, 14, 16);
  const second = digits(text, 17, 19);
  const millis = length === 24 ? digits(text, 20, 23) : 0;
  const isTime = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60 && millis >= 0;
  if (!isTime || year < 1970 || month < 1 || month > 12 || day < 1 || day > DAYS[month]!) return -1;
  return Date.UTC(year, month - 1, day, hour, minute, second, millis);
}

/** The number that the digits are; -1 where one is none. */
function digits(text: string, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}
