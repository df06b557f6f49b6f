import { type DescField, type JsonObject, ScalarType } from "@bufbuild/protobuf";

/**
 * The limits of a field, and an example, that its comment states in the contract's own phrases: "1 to 120 characters", for a
 * list "1 to 1000", "below 0 is refused", "The event's UUID", and "such as "pageview"".
 */
export function limitsOf(field: DescField, comment: string): JsonObject {
  if (field.fieldKind === "list") {
    const [, minItems, maxItems] = /\b(\d+) to (\d+)\b/.exec(comment) ?? [];
    return maxItems ? { minItems: Number(minItems), maxItems: Number(maxItems) } : {};
  }
  if (field.fieldKind !== "scalar") return {};
  if (field.scalar === ScalarType.STRING) return textLimitsOf(comment);
  return comment.includes("below 0 is refused") ? { minimum: 0 } : {};
}

function textLimitsOf(comment: string): JsonObject {
  const [, minLength, maxLength] = /\b(\d+) to (\d+) characters\b/.exec(comment) ?? [];
  const [, example] = /\bsuch as "([^"]+)"/.exec(comment) ?? [];
  return {
    ...(/^The [a-z]+'s UUID\b/.test(comment) ? { format: "uuid" } : {}),
    ...(maxLength ? { minLength: Number(minLength), maxLength: Number(maxLength) } : {}),
    ...(example ? { examples: [example] } : {}),
  };
}
