import { EventResultSchema } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import type { ServiceError } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { RECEIVE_TIME as EVENT_RECEIVE_TIME, EVENTS } from "@ocellus/wire/event-tags.ts";
import type { Growing } from "@ocellus/wire/growing.ts";
import { ACCEPTED, ID, RECEIVE_TIME, RESULTS, TIMESTAMP } from "@ocellus/wire/result-tags.ts";
import type { Span, TakenEvent } from "./taken-event.ts";

/** Writes the result of an accepted event into the answer to a batch. */
export function writeAccepted({ id, timestamp }: TakenEvent, receiveTimeBytes: Buffer, out: Growing): void {
  const receiptLength = 2 + 36 + 2 + lengthOf(timestamp) + 2 + receiveTimeBytes.length;
  out.byte(RESULTS);
  out.byte(receiptLength + 2);
  out.byte(ACCEPTED);
  out.byte(receiptLength);
  writeField(ID, id, out);
  writeField(TIMESTAMP, timestamp, out);
  writeField(RECEIVE_TIME, [receiveTimeBytes, 0, receiveTimeBytes.length], out);
}

/** Writes the result of a refused event into the answer to a batch. */
export function writeRefused(error: ServiceError, out: Growing): void {
  const bytes = encode(EventResultSchema, { result: { case: "refused", value: toStatus(error) } });
  out.byte(RESULTS);
  out.varint(bytes.length);
  out.copy(bytes, 0, bytes.length);
}

/** Writes the whole TrackEventResponse of an accepted event. */
export function writeTracked(event: TakenEvent, receiveTimeBytes: Buffer, out: Growing): void {
  out.byte(EVENTS);
  out.varint(event.length + 2 + receiveTimeBytes.length);
  event.write(out);
  writeField(EVENT_RECEIVE_TIME, [receiveTimeBytes, 0, receiveTimeBytes.length], out);
}

function writeField(tag: number, span: Span, out: Growing): void {
  out.byte(tag);
  out.byte(lengthOf(span));
  out.copy(span[0], span[1], span[2]);
}

/** Ids and Timestamps are shorter than 128 bytes. */
function lengthOf([, start, end]: Span): number {
  return end - start;
}
