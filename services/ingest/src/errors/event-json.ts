import { isFieldSet, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";

/**
 * The proto3 JSON of an event, whatever is wrong with it: what JSON has no form for is told as text, and a time beyond those of
 * RFC 3339 by its seconds and nanos.
 */
export function eventJson(event: Event): string {
  const json: Record<string, unknown> = {};
  for (const field of EventSchema.fields) {
    if (!isFieldSet(event, field)) continue;
    const value = event[field.localName as keyof Event];
    json[field.jsonName] = field.message === TimestampSchema ? timeJson(value as Timestamp) : value;
  }
  return JSON.stringify(json, (_, value) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );
}

/** Whether an event can be answered to clients that read JSON. */
export function hasJson(event: Event): boolean {
  try {
    toJson(EventSchema, event);
    return true;
  } catch {
    return false;
  }
}

/** The start of the JSON of a request that holds events: no more of them than have `maxBytes` together. */
export function requestJson(events: readonly Event[], maxBytes: number): string {
  const texts: string[] = [];
  for (let bytes = 0, index = 0; bytes <= maxBytes && index < events.length; index++) {
    const text = eventJson(events[index]!);
    texts.push(text);
    bytes += text.length;
  }
  return `{"events":[${texts.join(",")}]}`;
}

function timeJson(time: Timestamp): JsonValue {
  try {
    return toJson(TimestampSchema, time);
  } catch {
    return { seconds: String(time.seconds), nanos: time.nanos } satisfies JsonObject;
  }
}
