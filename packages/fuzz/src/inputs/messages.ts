import {
  create,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  type Message,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { doubles, int32s, int64s, jsons, timeNanos, timeSeconds } from "./nasty.ts";

/** How deep messages within messages go: what is deeper is left out. */
const MAX_DEPTH = 3;

/** Any message that a type can hold, made from its descriptor; a field that may be left out mostly is there. */
export function messages(desc: DescMessage, text: fc.Arbitrary<string>, depth = 0): fc.Arbitrary<Message> {
  const wellKnown = WELL_KNOWN[desc.typeName];
  if (wellKnown) return wellKnown(text).map((fields) => create(desc, fields as Record<string, unknown>));
  const members = desc.members.flatMap((member): [string, fc.Arbitrary<unknown>][] => {
    if (member.kind === "oneof") {
      const cases = member.fields.flatMap((field) => {
        const value = singular(field, text, depth);
        return value ? [value.map((value) => ({ case: field.localName, value }))] : [];
      });
      return cases.length === 0 ? [] : [[member.localName, fc.oneof(...cases)]];
    }
    const value = fieldValues(member, text, depth);
    return value ? [[member.localName, value]] : [];
  });
  return fc
    .record(Object.fromEntries(members), { requiredKeys: [] })
    .map((fields) => create(desc, fields as Record<string, unknown>) as Message);
}

/** The encoded form of such messages. */
export function encodedMessages(desc: DescMessage, text: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> {
  return messages(desc, text).map((message) => toBinary(desc, message));
}

function fieldValues(field: DescField, text: fc.Arbitrary<string>, depth: number): fc.Arbitrary<unknown> | undefined {
  if (field.fieldKind === "map") return undefined;
  const value = singular(field, text, depth);
  return value && field.fieldKind === "list" ? fc.array(value, { maxLength: 4 }) : value;
}

function singular(field: DescField, text: fc.Arbitrary<string>, depth: number): fc.Arbitrary<unknown> | undefined {
  if (field.enum) {
    const known = field.enum.values.map(({ number }) => number);
    return fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: int32s });
  }
  if (!field.message) return scalar(field.scalar!, text);
  if (field.message.typeName === "google.protobuf.Struct") return fc.dictionary(text, jsons(text), { maxKeys: 4 });
  return depth < MAX_DEPTH ? messages(field.message, text, depth + 1) : undefined;
}

function scalar(type: ScalarType, text: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 40 });
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return type === ScalarType.DOUBLE ? doubles : fc.float();
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return int32s;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return fc.nat();
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    default:
      return int64s;
  }
}

/** Types whose usual values a random one would hardly ever be. */
const WELL_KNOWN: Record<string, (text: fc.Arbitrary<string>) => fc.Arbitrary<unknown>> = {
  "google.protobuf.Timestamp": () => fc.record({ seconds: timeSeconds, nanos: timeNanos }),
  "google.protobuf.Duration": () => fc.record({ seconds: int64s, nanos: timeNanos }),
  "google.protobuf.FieldMask": (text) =>
    fc.record({ paths: fc.array(fc.oneof(fc.constantFrom("*", "name", "data", "email", "value"), text)) }),
  "google.protobuf.Value": (text) => jsons(text).map((json) => fromJson(ValueSchema, json as JsonValue)),
};
