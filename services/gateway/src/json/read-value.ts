import { create, type DescField, fromJson, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, scalarRule } from "./describe.ts";
import { enumNumber, enumRule } from "./enum-value.ts";
import { readTimestamp } from "./timestamp-text.ts";
import { MAX_DEPTH, treeProblem, UNPAIRED } from "./tree-problem.ts";

/** A value as a message holds it, and what is wrong with it where it is not to be sent. */
export interface ReadValue {
  value?: unknown;
  problem?: string;
}

/** Reads the JSON of a value that has no fields of its own: a scalar, an enum, a map, or a type of google.protobuf. */
export function readValue(field: DescField, json: JsonValue): ReadValue {
  if (field.fieldKind === "map") return readTree(field, json, "must be an object");
  if (field.scalar !== undefined) return readScalar(field, field.scalar, json);
  if (field.enum) {
    const value = enumNumber(field.enum, json);
    return value === undefined ? { problem: `${enumRule(field.enum)}, and is ${describe(json)}` } : { value };
  }
  if (field.message?.typeName !== TimestampSchema.typeName) return readTree(field, json, wellKnownRule(field));
  const time = readTimestamp(json);
  // A time that cannot be read is still one that was given.
  return typeof time === "string" ? { problem: time, value: create(TimestampSchema) } : { value: time };
}

/** Whether `readValue` reads this field's values. */
export function isLeaf(field: DescField): boolean {
  return field.fieldKind === "map" || !field.message || field.message.typeName.startsWith("google.protobuf.");
}

function readScalar(field: DescField, type: ScalarType, json: JsonValue): ReadValue {
  if (type === ScalarType.STRING && typeof json === "string" && !json.isWellFormed()) return { problem: UNPAIRED };
  // JSON has no literal beyond what a double holds: JSON.parse makes 1e999 infinite, and the text of that is Infinity.
  const isInfinite = typeof json === "number" && !Number.isFinite(json);
  const problem = `${scalarRule(type)}, and is ${describe(json)}`;
  if (json === null || (typeof json === "string" && isNumeric(type) && !NUMBER.test(json))) return { problem };
  return decode(field, isInfinite ? String(json) : json, problem);
}

/** A number in quotes, as JSON writes it without them, and what JSON has no literal for. */
const NUMBER = /^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|NaN|-?Infinity)$/;

function isNumeric(type: ScalarType): boolean {
  return ![ScalarType.STRING, ScalarType.BYTES, ScalarType.BOOL].includes(type);
}

function readTree(field: DescField, json: JsonValue, rule: string): ReadValue {
  const problem = treeProblem(json);
  return problem ? { problem } : decode(field, json, `${rule}, and is ${describe(json)}`);
}

/** The value that protobuf-es reads, by way of a message that holds nothing else. */
function decode(field: DescField, json: JsonValue, problem: string): ReadValue {
  try {
    const isList = field.fieldKind === "list";
    const holder = { [field.jsonName]: isList ? [json] : json };
    const message: unknown = fromJson(field.parent, holder, { recursionLimit: MAX_DEPTH + 10 });
    const values = message as Record<string, unknown>;
    if (field.oneof) return { value: (values[field.oneof.localName] as { value: unknown }).value };
    const value = values[field.localName];
    return { value: isList ? (value as unknown[])[0] : value };
  } catch {
    return { problem };
  }
}

function wellKnownRule({ message }: DescField): string {
  switch (message?.name) {
    case "Duration":
      return 'must be a length of time such as "90s"';
    case "FieldMask":
      return "must be names of fields with commas between them";
    case "ListValue":
      return "must be a list";
    case "Struct":
      return "must be an object";
    default:
      return `must be the JSON of a ${message?.typeName}`;
  }
}
