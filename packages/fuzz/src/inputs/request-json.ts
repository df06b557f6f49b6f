import { type DescMessage, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { messages } from "./messages.ts";
import { mutated } from "./mutate.ts";
import { jsons } from "./nasty.ts";

/** The JSON of a message of a type, or of one of the messages in it; of what has no JSON, free JSON. */
export function messageJsons(desc: DescMessage, text: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  const parts = desc.fields.flatMap(({ message, fieldKind }) =>
    message && fieldKind !== "map" && !message.typeName.startsWith("google.") ? [message] : [],
  );
  const whole = [desc, ...parts, ...parts].map((part) =>
    fc.tuple(messages(part, text), jsons(text)).map(([message, otherwise]) => jsonOf(part, message) ?? otherwise),
  );
  return fc.oneof(
    { weight: 4, arbitrary: fc.oneof(...whole) },
    // Fields that are there, with values that are not theirs.
    { weight: 2, arbitrary: fc.oneof(...[desc, ...parts].map((part) => strange(part, text))) },
    { weight: 1, arbitrary: jsons(text) },
    { weight: 1, arbitrary: fc.array(fc.oneof(...whole), { maxLength: 3 }) },
  );
}

/** Bytes of JSON, of JSON that was changed, and of what is hardly any. */
export function jsonBytes(json: fc.Arbitrary<unknown>): fc.Arbitrary<Uint8Array> {
  const whole = json.map((value) => Buffer.from(JSON.stringify(value) ?? ""));
  return fc.oneof(
    { weight: 6, arbitrary: whole },
    { weight: 4, arbitrary: mutated(whole) },
    { weight: 1, arbitrary: fc.constantFrom(...HARDLY_JSON) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  );
}

const HARDLY_JSON = [
  "",
  " ",
  "\ufeff{}",
  '{"name":"a","name":"b"}',
  '{"__proto__":{"name":"a"}}',
  '{"name":"\\ud800"}',
  '{"name":"a","value":1e999}',
  '{"name":"a","value":-0}',
  '{"name":"a","timestamp":1e400}',
  '{"name":"a","timestamp":-99999999999999}',
  '{"name":"a","data":{"\\u0000":"\\u0000"}}',
  "[".repeat(5000),
  `${'{"data":'.repeat(500)}1${"}".repeat(500)}`,
  `[${"{},".repeat(1200)}{}]`,
].map((text) => Buffer.from(text));

function jsonOf(desc: DescMessage, message: Message): JsonValue | undefined {
  try {
    return toJson(desc, message);
  } catch {
    return undefined;
  }
}

function strange(desc: DescMessage, text: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  const names = desc.fields.flatMap(({ jsonName, name }) => [jsonName, name]);
  return fc.dictionary(names.length === 0 ? text : fc.oneof(fc.constantFrom(...names), text), jsons(text, 2), {
    maxKeys: 5,
  });
}
