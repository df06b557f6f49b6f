import { MAX_LENGTHS } from "@ocellus/event-rules/validate-event.ts";
import {
  CATEGORY,
  DATA,
  ID,
  NAME,
  NAMESPACE,
  PERSON_ID,
  SESSION_ID,
  TIMESTAMP,
  VALUE,
} from "@ocellus/wire/event-tags.ts";
import type { Reader } from "@ocellus/wire/reader.ts";
import { isStorableStruct } from "./scan-struct.ts";
import { isFiniteDouble, isLowerUuid, isPlainText } from "./scan-text.ts";

/** What a valid event holds of that which identifies it: one bit each. */
export const HAS_ID = 1 << 1;
export const HAS_NAMESPACE = 1 << 2;
export const HAS_NAME = 1 << 3;
export const HAS_SESSION = 1 << 5;
export const HAS_TIMESTAMP = 1 << 7;

/** A valid event may be one that only the slow way can tell. */
export const NOT_KNOWN = -1;

/** No byte of a Struct makes more than 6 of JSON (U+0001 is \u0001), so that so few stay within 32 KiB for sure. */
const MAX_DATA_BYTES = 5400;

/** Where a scan found what an answer repeats. */
export interface Found {
  idStart: number;
  timestampStart: number;
  timestampEnd: number;
}

/** A clock's 5 minutes ahead, less a second for what is cut off. */
const MAX_AHEAD_SECONDS = 299;

/**
 * Looks through one encoded event, up to `end`, without making objects of it. Answers which of the fields above it has where
 * it surely is valid (`validateEvent` finds nothing), holds nothing that Ocellus sets or cuts off, and has an `id` in lower case if it
 * has one; and NOT_KNOWN of everything else, right or wrong: that is for the slow way to tell.
 *
 * @param keptFrom since when events are kept, in whole seconds since 1970
 * @param nowSeconds the time of receipt, in whole seconds since 1970
 * @param found is told where they are, of those that the event has
 */
export function scanEvent(reader: Reader, end: number, keptFrom: number, nowSeconds: number, found: Found): number {
  const { bytes } = reader;
  let seen = 0;
  while (reader.at < end) {
    const tag = bytes[reader.at++]!;
    const bit = 1 << (tag >> 3);
    // A field may come twice, and then the last counts: nobody writes so.
    if ((seen & bit) !== 0) return NOT_KNOWN;
    seen |= bit;
    if (tag === VALUE) {
      if (reader.at + 8 > end || !isFiniteDouble(bytes, reader.at)) return NOT_KNOWN;
      reader.at += 8;
      continue;
    }
    if (tag > DATA || (tag & 7) !== 2) return NOT_KNOWN;
    const fieldEnd = reader.fieldEnd(end);
    const start = reader.at;
    if (fieldEnd < 0 || !isValid(reader, tag, fieldEnd, keptFrom, nowSeconds)) return NOT_KNOWN;
    if (tag === ID) found.idStart = start;
    else if (tag === TIMESTAMP) [found.timestampStart, found.timestampEnd] = [start, fieldEnd];
    reader.at = fieldEnd;
  }
  if ((seen & HAS_NAME) === 0) return NOT_KNOWN;
  // An id without a timestamp may be refused, or hold the time.
  return (seen & HAS_ID) !== 0 && (seen & HAS_TIMESTAMP) === 0 ? NOT_KNOWN : seen;
}

function isValid(reader: Reader, tag: number, end: number, keptFrom: number, nowSeconds: number): boolean {
  switch (tag) {
    case ID:
      return end - reader.at === 36 && isLowerUuid(reader.bytes, reader.at);
    case NAMESPACE:
      return isTextOf(reader, end, MAX_LENGTHS.namespace);
    case NAME:
      return isTextOf(reader, end, MAX_LENGTHS.name);
    case CATEGORY:
      return isTextOf(reader, end, MAX_LENGTHS.category);
    case SESSION_ID:
      return isTextOf(reader, end, MAX_LENGTHS.sessionId);
    case PERSON_ID:
      return isTextOf(reader, end, MAX_LENGTHS.personId);
    case TIMESTAMP:
      return isPast(reader, end, keptFrom, nowSeconds + MAX_AHEAD_SECONDS);
    case DATA:
      return end - reader.at <= MAX_DATA_BYTES && isStorableStruct(reader, end);
    default:
      return false;
  }
}

/** Lengths count code points, of which a text has no more than bytes. */
function isTextOf({ bytes, at }: Reader, end: number, maxLength: number): boolean {
  return end > at && end - at <= maxLength && isPlainText(bytes, at, end);
}

/** Whether a Timestamp of whole microseconds lies in the seconds 0 to `latest` since 1970, and not before `earliest`. */
function isPast(reader: Reader, end: number, earliest: number, latest: number): boolean {
  const { bytes } = reader;
  let seconds = 0;
  if (reader.at < end && bytes[reader.at] === 0x08) {
    reader.at++;
    seconds = reader.varint(end);
    if (seconds < 0 || seconds > latest) return false;
  }
  if (reader.at < end && bytes[reader.at] === 0x10) {
    reader.at++;
    const nanos = reader.varint(end);
    if (nanos < 0 || nanos > 999_999_999 || nanos % 1000 !== 0) return false;
  }
  return reader.at === end && seconds >= earliest;
}
