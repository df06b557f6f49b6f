import type { JsonObject } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { ServiceError, type Violation } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { statusJson } from "../http/respond.ts";
import { summaryOf } from "./comments.ts";
import { type Reason, reasons } from "./error-reasons.ts";
import type { Schemas } from "./schemas.ts";
import { statusSchema } from "./status-schema.ts";

/** How long the examples say to wait. */
const RETRY_MS = 1000;

/** The responses of failed calls, by HTTP status. */
export function errorResponses(found: readonly Reason[], schemas: Schemas): JsonObject {
  const byStatus = Object.groupBy(found, ({ httpStatus }) => httpStatus);
  return Object.fromEntries(
    Object.entries(byStatus).map(([httpStatus, those = []]) => [httpStatus, errorResponse(those, schemas)]),
  );
}

/** An example of each error, `components.examples` of a document. */
export function errorExamples(): JsonObject {
  return Object.fromEntries(
    reasons.map((reason) => {
      const facts = { code: status[reason.code], reason: reason.number, violations: violationsOf(reason) };
      const error = new ServiceError(
        exampleOf(reason),
        tellsWhen(reason) ? { ...facts, retryAfterMs: RETRY_MS } : facts,
      );
      const description = meaningOf(reason);
      return [reason.name, { summary: reason.name, description, value: statusJson(toStatus(error)) }];
    }),
  );
}

function errorResponse(those: readonly Reason[], schemas: Schemas): JsonObject {
  const retryAfter = { description: "How many seconds to wait.", schema: { type: "integer", minimum: 1 } };
  const examples = those.map(({ name }) => [name, { $ref: `#/components/examples/${name}` }]);
  return {
    description: those.map((reason) => `- \`${reason.name}\`: ${meaningOf(reason)}`).join("\n"),
    ...(those.some(tellsWhen) ? { headers: { "Retry-After": retryAfter } } : {}),
    content: { "application/json": { schema: statusSchema(schemas), examples: Object.fromEntries(examples) } },
  };
}

/** What a comment says before it comes to codes. */
function meaningOf({ comment, code }: Reason): string {
  return comment.slice(0, comment.indexOf(`${code}, HTTP`)).trim();
}

/** The example of a comment, or else its first sentence, as a sentence. */
function exampleOf(reason: Reason): string {
  const meaning = meaningOf(reason);
  const example = /Example: (.+?)\.(?= |$)/.exec(meaning)?.[1] ?? summaryOf(meaning);
  return example.charAt(0).toUpperCase() + example.slice(1);
}

function tellsWhen({ comment }: Reason): boolean {
  return comment.includes("RetryInfo");
}

/** Where a comment promises violations, the example is of the field that it puts between backticks. */
function violationsOf(reason: Reason): Violation[] {
  if (!reason.comment.includes("violation")) return [];
  const description = exampleOf(reason);
  return [{ field: /`(\w+)`/.exec(description)?.[1] ?? "body", description }];
}
