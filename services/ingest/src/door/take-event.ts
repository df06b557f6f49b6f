import { DEFAULT_NAMESPACE } from "@ocellus/event-rules/default-namespace.ts";
import { validateEvent } from "@ocellus/event-rules/validate-event.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { decode, encode } from "@ocellus/runtime/message-codec.ts";
import { invalidArgument, type ServiceError } from "@ocellus/runtime/service-error.ts";
import { ID, NAMESPACE, TIMESTAMP } from "@ocellus/wire/event-tags.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import { v7 } from "uuid";
import { type IdentifiedEvent, identifyEvent } from "../identify-event.ts";
import { EventBytes, FIELD } from "../wire/read-event.ts";
import {
  type Found,
  HAS_ID,
  HAS_NAMESPACE,
  HAS_SESSION,
  HAS_TIMESTAMP,
  NOT_KNOWN,
  scanEvent,
} from "../wire/scan-event.ts";
import type { Turn } from "./outgoing.ts";
import { TakenEvent } from "./taken-event.ts";

/** An event that the door refuses. */
export interface RefusedEvent {
  event: Event;
  error: ServiceError;
}

const ID_BYTES = 36;
const NOTHING = Buffer.alloc(0);
const DEFAULT = Buffer.from(DEFAULT_NAMESPACE);

/**
 * Takes the event that the reader stands before, up to `end`, or tells why not. Most are taken as they came; the others are
 * read whole.
 *
 * @param path where it stands in the request
 */
export function takeEvent(reader: Reader, end: number, turn: Turn, path: string) {
  const { receiveTime, receiveTimeBytes, keptFrom } = turn;
  const { bytes, at: start } = reader;
  const seen = scanEvent(reader, end, secondsOf(keptFrom), secondsOf(receiveTime), found);
  reader.at = end;
  const isNamedByContent = (seen & (HAS_ID | HAS_SESSION | HAS_TIMESTAMP)) === (HAS_SESSION | HAS_TIMESTAMP);
  if (seen === NOT_KNOWN || isNamedByContent) return takeSlowly(bytes.subarray(start, end), turn, path);
  const { idStart, timestampStart, timestampEnd } = found;
  const added = additions(seen, receiveTimeBytes);
  const timestampAt = added.length - receiveTimeBytes.length;
  return new TakenEvent(
    [bytes, start, end],
    added,
    (seen & HAS_ID) !== 0 ? [bytes, idStart, idStart + ID_BYTES] : [added, 2, 2 + ID_BYTES],
    (seen & HAS_TIMESTAMP) !== 0 ? [bytes, timestampStart, timestampEnd] : [added, timestampAt, added.length],
  );
}

const secondsOf = (micros: bigint) => Math.floor(Number(micros) / 1_000_000);

/** Used again for each event, and read before the next. */
const found: Found = { idStart: 0, timestampStart: 0, timestampEnd: 0 };

/** The fields that the event lacks: its id comes first, its timestamp last. */
function additions(seen: number, receiveTimeBytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  if ((seen & HAS_ID) === 0) parts.push(Buffer.from([ID, ID_BYTES]), Buffer.from(v7(), "latin1"));
  if ((seen & HAS_NAMESPACE) === 0) parts.push(Buffer.from([NAMESPACE, DEFAULT.length]), DEFAULT);
  if ((seen & HAS_TIMESTAMP) === 0) parts.push(Buffer.from([TIMESTAMP, receiveTimeBytes.length]), receiveTimeBytes);
  return parts.length === 0 ? NOTHING : Buffer.concat(parts);
}

function takeSlowly(bytes: Buffer, { receiveTime, keptFrom }: Turn, path: string): TakenEvent | RefusedEvent {
  const event = decode(EventSchema, bytes);
  const violations = validateEvent(event, path, receiveTime, keptFrom);
  if (violations.length > 0) return { event, error: invalidArgument(violations, ErrorReason.INVALID_EVENT) };
  return takenFrom(identifyEvent(event, receiveTime));
}

/** A valid, identified event as it is to be sent. */
export function takenFrom(event: IdentifiedEvent): TakenEvent {
  const whole = encode(EventSchema, event, { writeUnknownFields: false });
  const fields = new EventBytes(new Reader(whole), whole.length);
  const span = (field: number) => [whole, fields.start(field), fields.end(field)] as const;
  return new TakenEvent([whole, 0, whole.length], NOTHING, span(FIELD.id), span(FIELD.timestamp));
}
