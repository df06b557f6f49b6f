import { type Message, toJson } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import { type EventReceipt, EventResultSchema } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import { ACCEPTED, ID, RECEIVE_TIME, RESULTS, TIMESTAMP } from "@ocellus/wire/result-tags.ts";
import { timeText } from "./time-text.ts";

/** The proto3 JSON of an EventReceipt. */
export type Receipt = { id: string; timestamp?: string; receiveTime?: string };

/** What became of one event: accepted, or refused. */
export type Result = Receipt | Status;

const UUID = /^[0-9a-f-]{36}$/;

/** The results in an encoded BatchTrackEventsResponse. Throws where it is none. */
export function resultsIn(response: Buffer): Result[] {
  const reader = new Reader(response);
  const results: Result[] = [];
  while (reader.at < response.length) {
    if (response[reader.at++] !== RESULTS) throw new Error(`A field at ${reader.at} is no result of an event`);
    const end = reader.requireEnd(response.length);
    const start = reader.at;
    results.push(receiptIn(reader, end) ?? slowly(response.subarray(start, end)));
    reader.at = end;
  }
  return results;
}

/** Whether an event was accepted. */
export function isAccepted(result: Result): result is Receipt {
  return !("$typeName" in result);
}

/** The receipt in an EventResult; undefined where it is none, or not as ingest writes it. */
function receiptIn(reader: Reader, end: number): Receipt | undefined {
  const { bytes } = reader;
  if (bytes[reader.at++] !== ACCEPTED || reader.fieldEnd(end) !== end || bytes[reader.at++] !== ID) return undefined;
  const idEnd = reader.fieldEnd(end);
  if (idEnd < 0) return undefined;
  const id = bytes.toString("latin1", reader.at, idEnd);
  reader.at = idEnd;
  const timestamp = timeIn(TIMESTAMP, reader, end);
  const receiveTime = timeIn(RECEIVE_TIME, reader, end);
  return UUID.test(id) && timestamp && receiveTime && reader.at === end ? { id, timestamp, receiveTime } : undefined;
}

function timeIn(tag: number, reader: Reader, end: number): string | undefined {
  if (reader.at >= end || reader.bytes[reader.at++] !== tag) return undefined;
  const timeEnd = reader.fieldEnd(end);
  return timeEnd < 0 ? undefined : timeText(reader, timeEnd);
}

function slowly(bytes: Buffer): Result {
  const { result } = decode(EventResultSchema, bytes);
  if (result.case === "refused") return result.value;
  if (result.case === "accepted") return receiptOf(result.value);
  throw new Error("An event has a result without a case");
}

function receiptOf({ id, timestamp, receiveTime }: EventReceipt): Receipt {
  const text = (time: Message | undefined) => time && (toJson(TimestampSchema, time as never) as string);
  return {
    id,
    ...(timestamp && { timestamp: text(timestamp)! }),
    ...(receiveTime && { receiveTime: text(receiveTime)! }),
  };
}
