import type { JsonValue } from "@bufbuild/protobuf";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { isTooDeep } from "./depth-problem.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads a JSON text that nests at most `maxDepth` levels. Throws INVALID_ARGUMENT that says what is wrong, and where as far as that is known. */
export function parseJson(bytes: Uint8Array, maxDepth: number): JsonValue {
  if (isTooDeep(bytes, maxDepth)) throw malformed(`must be JSON of at most ${maxDepth} levels, and is deeper`);
  const text = decode(bytes);
  if (text.trim() === "") throw malformed("must be JSON, and is empty");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(`must be JSON: ${(error as Error).message}`);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed("must be text in UTF-8, and holds bytes that are not");
  }
}

function malformed(description: string) {
  return invalidArgument([{ field: "body", description }], ErrorReason.MALFORMED_BODY);
}
