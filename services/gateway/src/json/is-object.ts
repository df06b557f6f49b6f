import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** Whether a JSON value is an object, not an array nor null. */
export function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
