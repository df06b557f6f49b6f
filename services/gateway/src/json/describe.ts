import { ScalarType } from "@bufbuild/protobuf";

const MAX_SHOWN = 60;

/** A JSON value in a few words, to say what was found where something else was expected. */
export function describe(json: unknown): string {
  if (Array.isArray(json)) return "a list";
  if (typeof json === "object" && json !== null) return "an object";
  if (typeof json !== "string") return String(json);
  return json.length > MAX_SHOWN ? `${JSON.stringify(json.slice(0, MAX_SHOWN))}…` : JSON.stringify(json);
}

/** What a scalar of this type must be. */
export function scalarRule(type: ScalarType): string {
  switch (type) {
    case ScalarType.STRING:
      return "must be a text";
    case ScalarType.BOOL:
      return "must be true or false";
    case ScalarType.BYTES:
      return "must be a text in base64";
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return "must be a number";
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return "must be a whole number from 0 to 4294967295";
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return "must be a whole number from 0 to 18446744073709551615";
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return "must be a whole number from -9223372036854775808 to 9223372036854775807";
    default:
      return "must be a whole number from -2147483648 to 2147483647";
  }
}
