import {
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  type JsonValue,
  type Message,
} from "@bufbuild/protobuf";
import { describe } from "./describe.ts";
import { fieldNamed } from "./field-named.ts";
import { isObject } from "./is-object.ts";
import { type Problems, pathOfItem, pathOfKey } from "./problems.ts";
import { isLeaf, readValue } from "./read-value.ts";

/**
 * Reads proto3 JSON, lenient in enum values and times, into `message`, and reports every field that cannot be read with
 * its path as the JSON spells it. After a problem the message is to be checked further, not to be sent.
 */
export function readMessage(
  desc: DescMessage,
  message: Message,
  json: JsonValue,
  path: string,
  problems: Problems,
): void {
  if (!isObject(json)) {
    problems.add(path, `must be an object, and is ${describe(json)}`);
    return;
  }
  const given = new Map<DescField | DescOneof, string>();
  for (const [key, value] of Object.entries(json)) {
    const field = fieldNamed(desc, key);
    const here = pathOfKey(path, key);
    if (!field) {
      problems.add(here, `is not a field of ${desc.name}`);
      continue;
    }
    const slot = field.oneof ?? field;
    const other = given.get(slot);
    if (other !== undefined) problems.add(here, `must not be given beside ${other}`);
    else readField(message, field, value, here, problems);
    if (value !== null) given.set(slot, key);
  }
}

/** Reads the JSON of one field into `message`, which holds it. In proto3 JSON, null leaves a field out. */
export function readField(message: Message, field: DescField, json: JsonValue, path: string, problems: Problems): void {
  if (json === null && !takesNull(field)) return;
  if (field.fieldKind !== "list") {
    put(message, field, readAny(field, json, path, problems));
  } else if (Array.isArray(json)) {
    json.forEach((item, index) => {
      put(message, field, readAny(field, item, pathOfItem(path, index), problems));
    });
  } else {
    problems.add(path, `must be a list, and is ${describe(json)}`);
  }
}

/** One value, or one item of a list. */
function readAny(field: DescField, json: JsonValue, path: string, problems: Problems): unknown {
  if (isLeaf(field)) {
    const { value, problem } = readValue(field, json);
    if (problem) problems.add(path, problem);
    return value;
  }
  const child = create(field.message!);
  readMessage(field.message!, child, json, path, problems);
  return child;
}

function put(message: Message, field: DescField, value: unknown): void {
  if (value === undefined) return;
  const target = message as unknown as Record<string, unknown>;
  if (field.fieldKind === "list") (target[field.localName] as unknown[]).push(value);
  else if (field.oneof) target[field.oneof.localName] = { case: field.localName, value };
  else target[field.localName] = value;
}

function takesNull(field: DescField): boolean {
  return field.message?.typeName === "google.protobuf.Value" || field.enum?.typeName === "google.protobuf.NullValue";
}
