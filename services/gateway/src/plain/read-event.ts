import { isDeepStrictEqual } from "node:util";
import type { JsonValue } from "@bufbuild/protobuf";
import { validateEvent } from "@ocellus/event-rules/validate-event.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { describe } from "../json/describe.ts";
import { isObject } from "../json/is-object.ts";
import { type Problems, pathOfKey } from "../json/problems.ts";
import { type Fields, fieldsOf, type Names, readFields, reportClash } from "./fields.ts";

const NAMES: Names = {
  id: "id",
  namespace: "namespace",
  channel_id: "namespace",
  name: "name",
  event_type: "name",
  category: "category",
  session_id: "session_id",
  session: "session_id",
  person_id: "person_id",
  visitor_id: "person_id",
  timestamp: "timestamp",
  value: "value",
  data: "data",
  receive_time: "receive_time",
  update_time: "update_time",
};

/** The name of an event that has a `url` and no name. */
const NAME_WITH_URL = "pageview";

/** An event as a client sent it. After a problem it holds what could be read. */
export interface ReadEvent {
  event: Event;
  /** Whether all that was sent could be read, be it within the limits of an event or not. */
  isWhole: boolean;
  /** The path of a field of the event as the client sent it. */
  asSent(path: string): string;
}

/**
 * Reads an event that is sent whole. What the dialect has no name for goes into its `data`. Reports all that is wrong with it, the
 * limits of an event included.
 */
export function readEvent(json: JsonValue, path: string, problems: Problems): ReadEvent {
  const fields = eventFields(json, path, problems);
  const { known, others, asSent } = fields;
  const hasUrl = others.some(([name, value]) => name === "url" && value !== null);
  if (hasUrl && (known.name ?? null) === null) known.name = NAME_WITH_URL;
  if (others.length > 0) known.data = merged(known.data, others, path, problems);
  const event = readFields(EventSchema, fields, problems);
  const isWhole = problems.violations.length === 0;
  for (const { field, description } of brokenRules(event)) problems.add(asSent(field), description);
  return { event, isWhole, asSent };
}

/** Changes of an event: those of the fields in `mask`. */
export interface ReadChanges extends Omit<ReadEvent, "isWhole"> {
  mask: string[];
}

/** Reads what is to be changed in an event, and reports all of it that is wrong. A field that is null is to be removed. */
export function readChanges(json: JsonValue, problems: Problems): ReadChanges {
  const fields = eventFields(json, "", problems);
  const { known, others, asSent } = fields;
  for (const [name] of others) {
    problems.add(
      pathOfKey("", name),
      "is not a field that can be changed; what belongs into data is sent as data, whole",
    );
  }
  const mask = Object.keys(known).filter((field) => field !== "id");
  const event = readFields(EventSchema, fields, problems);
  for (const { field, description } of brokenRules(event)) {
    if (mask.includes(field)) problems.add(asSent(field), description);
  }
  return { event, asSent, mask };
}

/** Throws INVALID_ARGUMENT for a body that is no object: there is nothing more to say of it. */
function eventFields(json: JsonValue, path: string, problems: Problems): Fields {
  const description = `must be an object, and is ${describe(json)}`;
  if (!isObject(json) && path === "")
    throw invalidArgument([{ field: "body", description }], ErrorReason.INVALID_EVENT);
  if (!isObject(json)) problems.add(path, description);
  const sent = isObject(json) ? Object.entries(json) : [];
  const fields = fieldsOf(
    sent.map(([name, value]) => [name, name === "session" ? sessionId(value, path, problems) : value]),
    NAMES,
    path,
    problems,
  );
  const { data } = fields.known;
  if (data === null || (isObject(data) && Object.keys(data).length === 0)) {
    problems.add(
      pathOfKey(path, "data"),
      `must not be ${data === null ? "null" : "empty"}; leave it out where there is none`,
    );
  }
  return fields;
}

/** A session is named as an object with its id. */
function sessionId(session: JsonValue, path: string, problems: Problems): JsonValue {
  if (session === null) return null;
  if (isObject(session) && typeof session.id === "string" && Object.keys(session).length === 1) return session.id;
  problems.add(pathOfKey(path, "session"), 'must be an object with the id of a session alone: {"id": "…"}');
  return null;
}

function merged(
  data: JsonValue | undefined,
  others: [name: string, value: JsonValue][],
  path: string,
  problems: Problems,
): JsonValue {
  if (data !== undefined && !isObject(data)) return data;
  for (const [name, value] of others) {
    const isTwice = data && Object.hasOwn(data, name) && !isDeepStrictEqual(data[name], value);
    if (isTwice) reportClash(pathOfKey(pathOfKey(path, "data"), name), pathOfKey(path, name), problems);
  }
  return Object.fromEntries([...Object.entries(data ?? {}), ...others]);
}

/** The limits of an event that this one breaks, by the field's name. */
function brokenRules(event: Event) {
  return validateEvent(event, "event", nowMicros()).map(({ field, description }) => ({
    field: field.slice("event.".length),
    description,
  }));
}
