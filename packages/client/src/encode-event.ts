import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { v7 } from "uuid";
import type { NewEvent } from "./outcome.ts";

/** Far above what a valid event can have, and as much as one message of NATS holds. */
export const MAX_EVENT_BYTES = 1024 * 1024;

/** How deep a message may nest, as the services read it. A Struct takes three levels for each of its own. */
const RECURSION_LIMIT = 400;

/**
 * The bytes of an event with the id and the timestamp that every try of it carries. They are a copy: what the caller does to the
 * event afterwards changes nothing. Throws where the event cannot be encoded, or no service could read it.
 */
export function encodeEvent(event: NewEvent, id: string): Uint8Array {
  const time = event.timestamp instanceof Date ? timestampFromDate(event.timestamp) : event.timestamp;
  // An id that the caller gave brings its own time, or is refused without one: a retry of the caller must carry the same two.
  const timestamp = time ?? (event.id ? undefined : timestampFromDate(new Date()));
  const bytes = toBinary(EventSchema, create(EventSchema, { ...event, id, timestamp }));
  if (bytes.length > MAX_EVENT_BYTES) {
    throw new RangeError(`must have at most ${MAX_EVENT_BYTES} bytes, and has ${bytes.length}`);
  }
  if (event.data !== undefined) decodeEvent(bytes);
  return bytes;
}

/** Reads what `encodeEvent` wrote. Throws where it nests too deep. */
export function decodeEvent(bytes: Uint8Array): Event {
  return fromBinary(EventSchema, bytes, { recursionLimit: RECURSION_LIMIT });
}

/** The id that the caller gave, or a new UUIDv7. */
export function idOf(event: NewEvent): string {
  return event?.id || v7();
}
