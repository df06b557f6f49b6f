import { fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";

const MAX_DEPTH = 64;
const RECURSION_LIMIT = 4 * MAX_DEPTH;

/** What a payload may take in an answer. A number takes up to six times as much as in JSON. */
const MAX_BYTES = 2 * 1024 * 1024;

/** A payload as it is answered: as JSON, or as a text where it is none that every client could be answered. */
export function payloadValue(payload: Uint8Array): Value {
  const text = new TextDecoder().decode(payload);
  const json = parsed(text);
  if (json !== undefined && depthOf(json) <= MAX_DEPTH) {
    const value = fromJson(ValueSchema, answerable(json), { recursionLimit: RECURSION_LIMIT });
    if (toBinary(ValueSchema, value).length <= MAX_BYTES) return value;
  }
  return fromJson(ValueSchema, text);
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Looks level by level, so that no depth overflows the stack. */
function depthOf(json: JsonValue): number {
  let level = [json];
  let depth = 0;
  for (; level.length > 0 && depth <= MAX_DEPTH; depth++) {
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
  }
  return depth;
}

/** The JSON without what protobuf cannot carry: unpaired surrogates, and numbers beyond a double. */
function answerable(json: JsonValue): JsonValue {
  if (typeof json === "string") return json.toWellFormed();
  if (typeof json === "number") return Number.isFinite(json) ? json : String(json);
  if (Array.isArray(json)) return json.map(answerable);
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key.toWellFormed(), answerable(value)]));
}
