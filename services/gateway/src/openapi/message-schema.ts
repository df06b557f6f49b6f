import type { DescField, DescMessage, JsonObject } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";
import { commentOf, saysOutputOnly, saysRequired } from "./comments.ts";
import { enumSchema } from "./enum-schema.ts";
import { limitsOf } from "./limits.ts";
import { scalarSchema } from "./scalar-schema.ts";
import type { Schemas, Use } from "./schemas.ts";
import { statusSchema } from "./status-schema.ts";
import { wellKnownSchema } from "./well-known-schema.ts";

/** The schema of a message in proto3 JSON. */
export function messageSchema(desc: DescMessage, use: Use, schemas: Schemas): JsonObject {
  if (desc.typeName === StatusSchema.typeName) return statusSchema(schemas);
  if (desc.typeName.startsWith("google.protobuf.")) return wellKnownSchema(desc, use, schemas);
  return schemas.ofType(desc, use, () => {
    const required = desc.fields.filter((field) => isRequired(field, use)).map(({ jsonName }) => jsonName);
    return {
      type: "object",
      description: [commentOf(desc), ...desc.oneofs.map(choice)].join("\n\n").trim(),
      properties: Object.fromEntries(desc.fields.map((field) => [field.jsonName, property(field, use, schemas)])),
      ...(required.length > 0 ? { required } : {}),
    };
  });
}

/** The schema of what a field holds, without its description. */
export function fieldSchema(field: DescField, use: Use, schemas: Schemas): JsonObject {
  const value = valueSchema(field, use, schemas);
  const limits = use === "answer" ? {} : limitsOf(field, commentOf(field));
  if (field.fieldKind === "list") return { type: "array", items: value, ...limits };
  if (field.fieldKind === "map") return { type: "object", additionalProperties: value };
  return { ...value, ...limits };
}

function property(field: DescField, use: Use, schemas: Schemas): JsonObject {
  const description = commentOf(field);
  return {
    ...fieldSchema(field, use, schemas),
    ...(description === "" ? {} : { description }),
    ...(saysOutputOnly(description) ? { readOnly: true } : {}),
  };
}

/** One value, or one item of a list or a map. */
function valueSchema(field: DescField, use: Use, schemas: Schemas): JsonObject {
  if (field.message) return messageSchema(field.message, use, schemas);
  if (field.enum) return enumSchema(field.enum, use, schemas);
  return scalarSchema(field.scalar!, use);
}

/** Answers hold every list and map, and every value that is there by itself, empty or zero as it may be. */
function isRequired(field: DescField, use: Use): boolean {
  if (use === "patch") return false;
  if (use === "input") return saysRequired(commentOf(field));
  const isMany = field.fieldKind === "list" || field.fieldKind === "map";
  return isMany || field.presence === FeatureSet_FieldPresence.IMPLICIT;
}

function choice(oneof: DescMessage["oneofs"][number]): string {
  const names = oneof.fields.map(({ jsonName }) => `\`${jsonName}\``);
  return `At most one of ${names.join(", ")}. ${commentOf(oneof)}`.trim();
}
