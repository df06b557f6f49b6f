import type { Growing } from "@ocellus/wire/growing.ts";
import type { Reader } from "@ocellus/wire/reader.ts";
import { BOOL, LIST, NULL, NUMBER, STRING, STRUCT, VALUE } from "@ocellus/wire/struct-tags.ts";

/**
 * Writes an encoded google.protobuf.Struct up to `end` as compact JSON in UTF-8. Throws where the bytes are none: those that
 * passed the door are one.
 */
export function writeStructJson(reader: Reader, end: number, out: Growing): void {
  out.byte(0x7b);
  for (let isFirst = true; reader.at < end; isFirst = false) {
    if (!isFirst) out.byte(0x2c);
    reader.at++;
    const entryEnd = reader.requireEnd(end);
    let key = reader.at;
    let keyEnd = key;
    let value = 0;
    let valueEnd = 0;
    while (reader.at < entryEnd) {
      const tag = reader.bytes[reader.at++]!;
      const fieldEnd = reader.requireEnd(entryEnd);
      if (tag === VALUE) [value, valueEnd] = [reader.at, fieldEnd];
      else [key, keyEnd] = [reader.at, fieldEnd];
      reader.at = fieldEnd;
    }
    out.jsonText(reader.bytes, key, keyEnd);
    out.byte(0x3a);
    reader.at = value;
    writeValueJson(reader, valueEnd, out);
    reader.at = entryEnd;
  }
  out.byte(0x7d);
}

function writeValueJson(reader: Reader, end: number, out: Growing): void {
  const kind = reader.bytes[reader.at++];
  if (kind === STRING || kind === STRUCT || kind === LIST) reader.requireEnd(end);
  if (kind === STRING) out.jsonText(reader.bytes, reader.at, end);
  else if (kind === NUMBER) out.ascii(String(reader.bytes.readDoubleLE(reader.at)));
  else if (kind === NULL) out.ascii("null");
  else if (kind === BOOL) out.ascii(reader.bytes[reader.at] === 1 ? "true" : "false");
  else if (kind === STRUCT) writeStructJson(reader, end, out);
  else if (kind === LIST) writeListJson(reader, end, out);
  else throw new Error("A google.protobuf.Value without a kind was accepted");
}

function writeListJson(reader: Reader, end: number, out: Growing): void {
  out.byte(0x5b);
  for (let isFirst = true; reader.at < end; isFirst = false) {
    if (!isFirst) out.byte(0x2c);
    reader.at++;
    const itemEnd = reader.requireEnd(end);
    writeValueJson(reader, itemEnd, out);
    reader.at = itemEnd;
  }
  out.byte(0x5d);
}
