import type { Micros } from "@ocellus/runtime/time.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import { microsIn } from "@ocellus/wire/timestamp.ts";
import { EventBytes } from "./read-event.ts";

const EVENTS_TAG = 0x0a;
const RECEIVE_TIME_TAG = 0x12;

/** An accepted event as it came from the queue. */
export interface QueuedEvent {
  event: EventBytes;
  receiveTime: Micros;
}

/** The events in an encoded AcceptedEvents. Throws where the bytes are none, or one of the events is none. */
export function readAccepted(bytes: Buffer): QueuedEvent[] {
  const reader = new Reader(bytes);
  const events: EventBytes[] = [];
  let receiveTime: Micros | undefined;
  while (reader.at < bytes.length) {
    const tag = bytes[reader.at++];
    const end = reader.requireEnd(bytes.length);
    if (tag === EVENTS_TAG) events.push(new EventBytes(bytes, reader.at, end));
    else if (tag === RECEIVE_TIME_TAG) receiveTime = microsIn(reader, end);
    else throw new Error(`A message of EVENTS holds the tag ${tag}`);
    reader.at = end;
  }
  if (receiveTime === undefined) throw new Error("A message of EVENTS has no receive_time");
  return events.map((event) => ({ event, receiveTime }));
}
