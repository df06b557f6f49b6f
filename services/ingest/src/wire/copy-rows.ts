import type { Growing } from "@ocellus/wire/growing.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import type { Time } from "@ocellus/wire/timestamp.ts";
import { type EventBytes, FIELD } from "./read-event.ts";
import { writeStructJson } from "./struct-json.ts";

/** The columns of `ingest.events` in the order in which `writeRow` writes them. */
export const COLUMNS = [
  "id",
  '"timestamp"',
  "receive_time",
  "namespace",
  "name",
  "category",
  "session_id",
  "person_id",
  "value",
  "data",
] as const;

/** PostgreSQL's COPY in its binary format: https://www.postgresql.org/docs/current/sql-copy.html, "File Formats". */
const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const NULL = -1;

/** 2000-01-01, from which PostgreSQL counts, in seconds since 1970. */
const POSTGRES_EPOCH = 946_684_800;

/** Starts a COPY. */
export function writeHeader(out: Growing): void {
  out.copy(SIGNATURE, 0, SIGNATURE.length);
  out.int32(0);
  out.int32(0);
}

/** Ends a COPY. */
export function writeTrailer(out: Growing): void {
  out.int16(-1);
}

/** Writes one event as a row. Texts go as they came: both sides have them in UTF-8. */
export function writeRow(event: EventBytes, receiveTime: Time, out: Growing): void {
  out.int16(COLUMNS.length);
  out.int32(16);
  out.uuid(event.bytes, event.start(FIELD.id));
  writeTime(event.time, out);
  writeTime(receiveTime, out);
  writeText(event, FIELD.namespace, out);
  writeText(event, FIELD.name, out);
  writeText(event, FIELD.category, out);
  writeText(event, FIELD.sessionId, out);
  writeText(event, FIELD.personId, out);
  writeValue(event, out);
  writeData(event, out);
}

function writeText(event: EventBytes, field: number, out: Growing): void {
  if (!event.has(field)) {
    out.int32(NULL);
    return;
  }
  out.int32(event.lengthOf(field));
  out.copy(event.bytes, event.start(field), event.end(field));
}

function writeTime({ seconds, micros }: Time, out: Growing): void {
  out.int32(8);
  const sinceEpoch = (seconds - POSTGRES_EPOCH) * 1_000_000 + micros;
  if (Number.isSafeInteger(sinceEpoch)) out.int64(sinceEpoch);
  else out.bigInt64(BigInt(seconds - POSTGRES_EPOCH) * 1_000_000n + BigInt(micros));
}

function writeValue(event: EventBytes, out: Growing): void {
  if (!event.has(FIELD.value)) {
    out.int32(NULL);
    return;
  }
  out.int32(8);
  // Protocol Buffers write a double with its lowest byte first, PostgreSQL with its highest.
  out.copyReversed(event.bytes, event.start(FIELD.value), event.end(FIELD.value));
}

function writeData(event: EventBytes, out: Growing): void {
  if (!event.has(FIELD.data)) {
    out.int32(NULL);
    return;
  }
  const start = out.openLength();
  writeStructJson(new Reader(event.bytes, event.start(FIELD.data)), event.end(FIELD.data), out);
  out.closeLength(start);
}
