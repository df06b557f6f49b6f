import type { Growing } from "@ocellus/wire/growing.ts";
import { BOOL, ENTRY, KEY, LIST, NULL, NUMBER, STRING, STRUCT, VALUE } from "@ocellus/wire/struct-tags.ts";
import { writeText } from "./write-text.ts";

/** As deep as the data of a valid event may be; what is deeper is for the slow way to refuse. */
const MAX_DEPTH = 32;

/**
 * Writes a JSON object as a field of the type google.protobuf.Struct. Answers false where it is none that surely is read so; what
 * was written until then is to be thrown away.
 *
 * @param depth 1 for the outermost
 */
export function writeStruct(tag: number, json: unknown, out: Growing, depth: number): boolean {
  if (typeof json !== "object" || json === null || Array.isArray(json) || depth > MAX_DEPTH) return false;
  out.byte(tag);
  const start = out.open();
  for (const key in json) {
    if (key === "__proto__") return false;
    out.byte(ENTRY);
    const entry = out.open();
    if (!writeText(KEY, key, out) || !writeValue(VALUE, (json as Record<string, unknown>)[key], out, depth))
      return false;
    out.close(entry);
  }
  out.close(start);
  return true;
}

function writeValue(tag: number, value: unknown, out: Growing, depth: number): boolean {
  out.byte(tag);
  const start = out.open();
  if (!writeKind(value, out, depth)) return false;
  out.close(start);
  return true;
}

function writeKind(value: unknown, out: Growing, depth: number): boolean {
  switch (typeof value) {
    case "string":
      return writeText(STRING, value, out);
    case "number":
      out.byte(NUMBER);
      out.double(value);
      return Number.isFinite(value);
    case "boolean":
      out.byte(BOOL);
      out.byte(value ? 1 : 0);
      return true;
    default:
      if (Array.isArray(value)) return writeList(value, out, depth + 1);
      if (value !== null) return writeStruct(STRUCT, value, out, depth + 1);
      out.byte(NULL);
      out.byte(0);
      return true;
  }
}

function writeList(items: unknown[], out: Growing, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  out.byte(LIST);
  const start = out.open();
  for (const item of items) if (!writeValue(ENTRY, item, out, depth)) return false;
  out.close(start);
  return true;
}
