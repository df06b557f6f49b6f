import type { Reader } from "@ocellus/wire/reader.ts";
import { BOOL, ENTRY, KEY, LIST, NULL, NUMBER, STRING, STRUCT, VALUE } from "@ocellus/wire/struct-tags.ts";
import { isFiniteDouble, isPlainText } from "./scan-text.ts";

const MAX_DEPTH = 32;

/** Whether the bytes up to `end` are surely a google.protobuf.Struct that an event may hold, whatever its size. */
export function isStorableStruct(reader: Reader, end: number, depth = 1): boolean {
  if (depth > MAX_DEPTH) return false;
  const { bytes } = reader;
  while (reader.at < end) {
    if (bytes[reader.at++] !== ENTRY) return false;
    const entryEnd = reader.fieldEnd(end);
    if (entryEnd < 0 || bytes[reader.at++] !== KEY) return false;
    const keyEnd = reader.fieldEnd(entryEnd);
    if (keyEnd < 0 || !isPlainText(bytes, reader.at, keyEnd)) return false;
    reader.at = keyEnd;
    if (keyEnd >= entryEnd || bytes[reader.at++] !== VALUE) return false;
    if (reader.fieldEnd(entryEnd) !== entryEnd || !isStorableValue(reader, entryEnd, depth)) return false;
  }
  return reader.at === end;
}

/** Whether a google.protobuf.Value of exactly one kind reaches to `end`. */
function isStorableValue(reader: Reader, end: number, depth: number): boolean {
  const { bytes } = reader;
  if (reader.at >= end) return false;
  switch (bytes[reader.at++]) {
    case STRING: {
      if (reader.fieldEnd(end) !== end || !isPlainText(bytes, reader.at, end)) return false;
      reader.at = end;
      return true;
    }
    case NUMBER: {
      if (reader.at + 8 !== end || !isFiniteDouble(bytes, reader.at)) return false;
      reader.at = end;
      return true;
    }
    case NULL:
      return bytes[reader.at] === 0 && ++reader.at === end;
    case BOOL:
      return reader.at < end && bytes[reader.at]! <= 1 && ++reader.at === end;
    case STRUCT:
      return reader.fieldEnd(end) === end && isStorableStruct(reader, end, depth + 1);
    case LIST:
      return reader.fieldEnd(end) === end && isStorableList(reader, end, depth + 1);
    default:
      return false;
  }
}

function isStorableList(reader: Reader, end: number, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  while (reader.at < end) {
    if (reader.bytes[reader.at++] !== ENTRY) return false;
    const itemEnd = reader.fieldEnd(end);
    if (itemEnd < 0 || !isStorableValue(reader, itemEnd, depth)) return false;
  }
  return reader.at === end;
}
