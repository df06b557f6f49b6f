import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { unstorableProblem } from "@ocellus/runtime/text-problem.ts";

const MAX_BYTES = 32 * 1024;
const MAX_DEPTH = 32;

/** What is wrong with an event's data: its size, its depth, or a value that cannot be kept; undefined where nothing is. */
export function dataProblem(data: JsonObject): string | undefined {
  const problem = valueProblem(data, 1);
  if (problem) return problem;
  const bytes = Buffer.byteLength(JSON.stringify(data));
  return bytes > MAX_BYTES ? `must have at most ${MAX_BYTES} bytes as compact JSON, and has ${bytes}` : undefined;
}

function valueProblem(value: JsonValue | undefined, depth: number): string | undefined {
  switch (typeof value) {
    case "string":
      return unstorableProblem(value);
    case "number":
      return Number.isFinite(value) ? undefined : "must not hold NaN or Infinity";
    case "object":
      return value === null ? undefined : nestedProblem(value, depth);
    case "undefined":
      return "must not hold a google.protobuf.Value without a kind";
    default:
      return undefined;
  }
}

function nestedProblem(value: object, depth: number): string | undefined {
  if (depth > MAX_DEPTH) return `must not be deeper than ${MAX_DEPTH} levels`;
  for (const [key, inner] of Object.entries(value)) {
    const problem = (Array.isArray(value) ? undefined : unstorableProblem(key)) ?? valueProblem(inner, depth + 1);
    if (problem) return problem;
  }
  return undefined;
}
