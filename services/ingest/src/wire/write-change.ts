import type { Growing } from "@ocellus/wire/growing.ts";
import { type EventBytes, FIELD } from "./read-event.ts";

/** An EventChange of the type STORED, as it begins: the field `type`, 1, is 1. */
const TYPE = 0x08;
const STORED = 1;

/** The fields of an Event that are headers, and their tags in EventChange, in its order. */
const HEADERS = [
  [FIELD.id, 0x12],
  [FIELD.namespace, 0x1a],
  [FIELD.name, 0x22],
  [FIELD.sessionId, 0x2a],
  [FIELD.personId, 0x32],
  [FIELD.timestamp, 0x3a],
] as const;

/** Writes the EventChange that announces a stored event. A timestamp is the same message in both. */
export function writeStoredChange(event: EventBytes, out: Growing): void {
  out.byte(TYPE);
  out.byte(STORED);
  for (const [field, tag] of HEADERS) {
    if (!event.has(field)) continue;
    out.byte(tag);
    out.varint(event.lengthOf(field));
    out.copy(event.bytes, event.start(field), event.end(field));
  }
}

/** How many bytes that takes. */
export function storedChangeLength(event: EventBytes): number {
  let length = 2;
  for (const [field] of HEADERS) {
    if (event.has(field)) length += 1 + (event.lengthOf(field) < 128 ? 1 : 2) + event.lengthOf(field);
  }
  return length;
}
