import { ACCEPTED_RECEIVE_TIME, EVENTS } from "@ocellus/wire/event-tags.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import { type Time, timeIn } from "@ocellus/wire/timestamp.ts";
import { EventBytes, SPANS } from "./read-event.ts";

/** An accepted event as it came from the queue. */
export interface QueuedEvent {
  event: EventBytes;
  receiveTime: Time;
}

/** The events in an encoded AcceptedEvents. Throws where the bytes are none, or one of the events is none. */
export function readAccepted(bytes: Buffer): QueuedEvent[] {
  const reader = new Reader(bytes);
  const spans = new Int32Array(countFields(bytes) * SPANS);
  const events: EventBytes[] = [];
  let receiveTime: Time | undefined;
  while (reader.at < bytes.length) {
    const tag = bytes[reader.at++];
    const end = reader.requireEnd(bytes.length);
    if (tag === EVENTS) events.push(new EventBytes(reader, end, spans, events.length * SPANS));
    else if (tag === ACCEPTED_RECEIVE_TIME) receiveTime = timeIn(reader, end);
    else throw new Error(`A message of EVENTS holds the tag ${tag}`);
    reader.at = end;
  }
  if (receiveTime === undefined) throw new Error("A message of EVENTS has no receive_time");
  return events.map((event) => ({ event, receiveTime }));
}

function countFields(bytes: Buffer): number {
  const reader = new Reader(bytes);
  let count = 0;
  for (; reader.at < bytes.length; count++) {
    reader.at++;
    reader.at = reader.requireEnd(bytes.length);
  }
  return count;
}
