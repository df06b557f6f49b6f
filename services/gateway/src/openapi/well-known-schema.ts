import type { DescMessage, JsonObject } from "@bufbuild/protobuf";
import type { Schemas, Use } from "./schemas.ts";

const LENIENT = [
  "A time: RFC 3339, such as `2026-01-31T12:00:00.5Z` or `2026-01-31T13:00:00.5+01:00`.",
  "Taken as well: without a zone or with a space, as UTC (`2026-01-31 12:00:00`); a date, as its 00:00 UTC (`2026-01-31`);",
  "and seconds since 1970, as a number or a text (`1769860800.5`).",
].join(" ");

/** The schema of a type of google.protobuf, each of which has a JSON of its own. */
export function wellKnownSchema({ name }: DescMessage, use: Use, schemas: Schemas): JsonObject {
  switch (name) {
    case "Timestamp":
      return use === "answer" ? { type: "string", format: "date-time" } : lenientTime(schemas);
    case "Duration":
      return { type: "string", pattern: "^-?\\d+(\\.\\d{1,9})?s$", examples: ["90s"] };
    case "FieldMask":
      return { type: "string", examples: ["name,personId"] };
    case "Struct":
      return { type: "object", additionalProperties: true };
    case "ListValue":
      return { type: "array", items: {} };
    case "Empty":
      return { type: "object" };
    case "Any":
      return { type: "object", properties: { "@type": { type: "string" } }, required: ["@type"] };
    default:
      // A Value is any JSON, and what is left (wrappers, descriptors) is no part of the contract.
      return {};
  }
}

function lenientTime(schemas: Schemas): JsonObject {
  return schemas.named("TimestampInput", () => ({
    description: LENIENT,
    anyOf: [{ type: "string", format: "date-time" } as JsonObject, { type: ["string", "number"] }],
    examples: ["2026-01-31T12:00:00Z"],
  }));
}
