import { createHash } from "node:crypto";
import { DEFAULT_NAMESPACE } from "@ocellus/event-rules/default-namespace.ts";
import { timeInUuid } from "@ocellus/event-rules/time-in-uuid.ts";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { isoOf, type Micros, microsOf, timestampOf } from "@ocellus/runtime/time.ts";
import canonicalize from "canonicalize";
import { v7 } from "uuid";

/** A valid event with all that identifies it. */
export type IdentifiedEvent = Event & { namespace: string; timestamp: NonNullable<Event["timestamp"]> };

/**
 * A valid event with its namespace, its timestamp to the microsecond, and its id:
 * the client's own; or, where the client gave a session and a time, a UUIDv8 of the content, so that a blind retry is the same
 * event; otherwise a new UUIDv7.
 */
export function identifyEvent(event: Event, receiveTime: Micros): IdentifiedEvent {
  const namespace = event.namespace ?? DEFAULT_NAMESPACE;
  const given = event.timestamp && microsOf(event.timestamp);
  const timestamp = given ?? timeInUuid(event.id) ?? receiveTime;
  return {
    ...event,
    id: idOf(event, namespace, given),
    namespace,
    timestamp: timestampOf(timestamp),
    receiveTime: undefined,
    updateTime: undefined,
  };
}

function idOf(event: Event, namespace: string, timestamp: Micros | undefined): string {
  if (event.id !== "") return event.id.toLowerCase();
  if (event.sessionId === undefined || timestamp === undefined) return v7();
  return contentId(event, namespace, timestamp);
}

function contentId(event: Event, namespace: string, timestamp: Micros): string {
  return uuidOf([
    namespace,
    event.sessionId,
    event.category ?? null,
    event.name,
    isoOf(timestamp),
    event.data ?? null,
    event.personId ?? null,
    event.value ?? null,
  ]);
}

/** A UUIDv8 (RFC 9562, section 5.8) of the SHA-256 of a content in canonical JSON (RFC 8785). */
export function uuidOf(content: unknown[]): string {
  const hash = createHash("sha256").update(canonicalize(content)!).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x80, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString("hex", 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
