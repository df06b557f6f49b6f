import { fromJson, type JsonObject, toBinary } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "@jest/globals";
import { Growing } from "@ocellus/wire/growing.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import { writeStructJson } from "./struct-json.ts";

test.each<[JsonObject]>([
  [{}],
  [{ a: 1, b: -0.5, c: 1e21, d: 5e-324, e: 1.7976931348623157e308 }],
  [{ text: "plain", quote: '"', back: "\\", control: "\u0001\b\f\n\r\t\u001f", delete: "\u007f", wide: "ä€😀\u2028" }],
  [{ 'k"\n': "v", "": "" }],
  [{ list: [1, [2, [null, true, false, {}]], "x"], none: [], nested: { deeper: { deepest: {} } } }],
])("%j is written as JSON.stringify writes it", (data) => {
  const bytes = Buffer.from(toBinary(StructSchema, fromJson(StructSchema, data)));
  const out = new Growing(4);
  writeStructJson(new Reader(bytes), bytes.length, out);
  expect(out.take().toString()).toBe(JSON.stringify(data));
});
