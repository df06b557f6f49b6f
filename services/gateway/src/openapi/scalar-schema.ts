import { type JsonObject, ScalarType } from "@bufbuild/protobuf";
import type { Use } from "./schemas.ts";

/** The schema of a scalar in proto3 JSON. */
export function scalarSchema(type: ScalarType, use: Use): JsonObject {
  switch (type) {
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.BYTES:
      return { type: "string", contentEncoding: "base64" };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: "number", format: type === ScalarType.FLOAT ? "float" : "double" };
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { type: "integer", minimum: 0, maximum: 4_294_967_295 };
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return wideInteger("^\\d+$", use);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return wideInteger("^-?\\d+$", use);
    default:
      return { type: "integer", format: "int32" };
  }
}

/** Answered as a text: a number of JSON holds 53 bits in most languages. */
function wideInteger(pattern: string, use: Use): JsonObject {
  return { type: use === "answer" ? "string" : ["string", "integer"], pattern };
}
