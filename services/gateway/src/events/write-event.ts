import type { JsonValue } from "@bufbuild/protobuf";
import {
  CATEGORY,
  DATA,
  EVENTS,
  ID,
  NAME,
  NAMESPACE,
  PERSON_ID,
  SESSION_ID,
  TIMESTAMP,
  VALUE,
} from "@ocellus/wire/event-tags.ts";
import type { Growing } from "@ocellus/wire/growing.ts";
import { writeStruct } from "./write-struct.ts";
import { writeText } from "./write-text.ts";
import { writeTime } from "./write-time.ts";

/**
 * Writes the JSON of an event as field 1 of a request, without making a message of it. Answers whether it did: where anything
 * is unusual, right or wrong, nothing is written, and the event is for `readMessage` to read or to refuse. What is written is
 * the message that `readMessage` reads.
 *
 * @param json as JSON.parse made it
 */
export function writeEvent(json: JsonValue, out: Growing): boolean {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return false;
  const before = out.length;
  out.byte(EVENTS);
  const start = out.open();
  // One bit for each of the two fields that have two spellings.
  let given = 0;
  for (const key in json) {
    const value = json[key];
    if (key === "sessionId" || key === "session_id") given += 1;
    else if (key === "personId" || key === "person_id") given += 4;
    if ((given & 0b1010) !== 0 || !writeField(key, value, out)) {
      out.truncate(before);
      return false;
    }
  }
  out.close(start);
  return true;
}

function writeField(key: string, value: unknown, out: Growing): boolean {
  switch (key) {
    case "id":
      return writeText(ID, value, out);
    case "namespace":
      return writeText(NAMESPACE, value, out);
    case "name":
      return writeText(NAME, value, out);
    case "category":
      return writeText(CATEGORY, value, out);
    case "sessionId":
    case "session_id":
      return writeText(SESSION_ID, value, out);
    case "personId":
    case "person_id":
      return writeText(PERSON_ID, value, out);
    case "timestamp":
      return writeTime(TIMESTAMP, value, out);
    case "value":
      if (typeof value !== "number" || !Number.isFinite(value)) return false;
      out.byte(VALUE);
      out.double(value);
      return true;
    case "data":
      return writeStruct(DATA, value, out, 1);
    default:
      return false;
  }
}
