import { type DescField, type JsonObject, ScalarType } from "@bufbuild/protobuf";

/**
 * The limits that a field's comment states in the contract's own phrases: "1 to 120 characters", for a list "1 to 1000",
 * and "below 0 is refused".
 */
export function limitsOf(field: DescField, comment: string): JsonObject {
  if (field.fieldKind === "list") {
    const [, minItems, maxItems] = /\b(\d+) to (\d+)\b/.exec(comment) ?? [];
    return maxItems ? { minItems: Number(minItems), maxItems: Number(maxItems) } : {};
  }
  if (field.scalar === ScalarType.STRING) {
    const [, minLength, maxLength] = /\b(\d+) to (\d+) characters\b/.exec(comment) ?? [];
    return maxLength ? { minLength: Number(minLength), maxLength: Number(maxLength) } : {};
  }
  return field.fieldKind === "scalar" && comment.includes("below 0 is refused") ? { minimum: 0 } : {};
}
