import type { JsonObject } from "@bufbuild/protobuf";
import { ErrorReasonSchema } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { ERROR_DOMAIN } from "@ocellus/runtime/status.ts";
import { commentOf } from "./comments.ts";
import type { Schemas } from "./schemas.ts";

/** The schema of an error, google.rpc.Status, and of the details that Ocellus gives. */
export function statusSchema(schemas: Schemas): JsonObject {
  return schemas.named("Status", () => ({
    type: "object",
    description: "An error, as google.rpc.Status in proto3 JSON.",
    properties: {
      code: { type: "integer", format: "int32", description: "The google.rpc.Code, such as 3 for INVALID_ARGUMENT." },
      message: { type: "string", description: "What is wrong, where, and what to do; for people." },
      details: {
        type: "array",
        description: "The same for programs: one ErrorInfo, and the others where they apply.",
        items: { oneOf: [errorInfo(schemas), badRequest(schemas), retryInfo(schemas)] },
      },
    },
    required: ["code", "message"],
  }));
}

function errorInfo(schemas: Schemas): JsonObject {
  const reasons = ErrorReasonSchema.values.filter(({ number }) => number !== 0);
  const lines = reasons.map((value) => `- \`${value.localName}\`: ${commentOf(value)}`);
  const reason = schemas.named("ErrorReason", () => ({
    type: "string",
    description: `${commentOf(ErrorReasonSchema)}\n\n${lines.join("\n")}`,
    enum: reasons.map(({ localName }) => localName),
  }));
  return detail(schemas, "ErrorInfo", "Why a call failed, for programs to decide by.", {
    reason: { ...reason, description: "Why the call failed. New reasons may be added." },
    domain: { type: "string", const: ERROR_DOMAIN, description: "Who defines the reasons." },
  });
}

function badRequest(schemas: Schemas): JsonObject {
  const violation = schemas.named("FieldViolation", () => ({
    type: "object",
    description: "One offending field.",
    properties: {
      field: {
        type: "string",
        description: "Its path in what the client sent, as the client spelled it, such as `[3].sessionId`.",
      },
      description: { type: "string", description: "What it must be, and what it is." },
    },
    required: ["field", "description"],
  }));
  return detail(schemas, "BadRequest", "What is wrong with a request, each offending field once.", {
    fieldViolations: { type: "array", items: violation, description: "Every offending field." },
  });
}

function retryInfo(schemas: Schemas): JsonObject {
  return detail(schemas, "RetryInfo", "That trying again may help, and when.", {
    retryDelay: {
      type: "string",
      pattern: "^\\d+(\\.\\d{1,9})?s$",
      description: "How long to wait first, in seconds with an `s` behind.",
    },
  });
}

function detail(schemas: Schemas, name: string, description: string, properties: JsonObject): JsonObject {
  return schemas.named(name, () => ({
    type: "object",
    description,
    properties: { "@type": { type: "string", const: `type.googleapis.com/google.rpc.${name}` }, ...properties },
    required: ["@type", ...Object.keys(properties)],
  }));
}
