import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import { takesList } from "../rest/choose-route.ts";
import type { Route } from "../rest/routes.ts";
import { successStatusOf } from "../rest/success-status.ts";
import { commentOf, summaryOf } from "./comments.ts";
import { reasonsOf } from "./error-reasons.ts";
import { errorResponses } from "./error-responses.ts";
import { fieldSchema, messageSchema } from "./message-schema.ts";
import { parametersOf } from "./parameters.ts";
import type { PathNames } from "./path-names.ts";
import type { Schemas } from "./schemas.ts";
import { type ScopeOf, securityOf } from "./security.ts";

/** The operation of one or more routes with the same HTTP method and path, which differ in what their body is. */
export function operationOf(
  routes: readonly Route[],
  operationId: string,
  names: PathNames,
  schemas: Schemas,
  scopeOf: ScopeOf,
): JsonObject {
  const methods = routes.map(({ method }) => method);
  const parameters = routes.flatMap((route) => parametersOf(route, names, schemas));
  const reasons = new Set(routes.flatMap(reasonsOf));
  const requestBody = requestBodyOf(routes, schemas);
  return {
    operationId,
    tags: [...new Set(methods.map(({ parent }) => parent.name))],
    summary: methods.map((method) => summaryOf(commentOf(method))).join("; or: "),
    description: routes.map((route) => describe(route, routes.length > 1)).join("\n\n"),
    ...(parameters.length > 0 ? { parameters: uniqueByName(parameters) } : {}),
    ...(requestBody ? { requestBody } : {}),
    security: securityOf(methods, scopeOf),
    responses: { ...successes(routes, schemas), ...errorResponses([...reasons], schemas) },
  };
}

/** What the name of a method is in operation ids. */
export function operationIdOf(methods: readonly DescMethod[]): string {
  const [first, ...others] = methods.map(({ localName }) => localName);
  return first! + others.map((name) => `Or${name[0]!.toUpperCase()}${name.slice(1)}`).join("");
}

function describe(route: Route, isOneOfSeveral: boolean): string {
  const { method } = route;
  const shape = takesList(route) ? "A list" : "An object";
  const comment = isOneOfSeveral ? `**${shape}.** ${commentOf(method)}` : commentOf(method);
  return `${comment}\n\nRPC: \`${method.parent.typeName}/${method.name}\``;
}

function requestBodyOf(routes: readonly Route[], schemas: Schemas): JsonObject | undefined {
  const bodies = routes.map((route) => bodySchema(route, schemas)).filter((schema) => schema !== undefined);
  if (bodies.length === 0) return undefined;
  const comments = routes.map(({ body, method }) => commentOf(body === "*" || !body ? method.input : body));
  return { required: true, description: comments.join(" Or: "), content: contentOf(bodies, "application/json") };
}

function bodySchema({ body, httpMethod, method }: Route, schemas: Schemas): JsonObject | undefined {
  const use = httpMethod === "PATCH" ? "patch" : "input";
  if (body === "*") return messageSchema(method.input, use, schemas);
  return body && fieldSchema(body, use, schemas);
}

function successes(routes: readonly Route[], schemas: Schemas): JsonObject {
  const byStatus = Object.groupBy(routes, successStatusOf);
  const responses = Object.entries(byStatus).map(([status, those = []]) => {
    const comments = those.map(({ method, responseBody }) => commentOf(responseBody ?? method.output));
    const description = comments.filter(Boolean).join(" Or: ") || "The call succeeded.";
    if (status === "204") return [status, { description }];
    const isStream = those.some(({ method }) => method.methodKind === "server_streaming");
    const answers = those.map((route) => answerSchema(route, schemas));
    return [status, { description, content: contentOf(answers, isStream ? "text/event-stream" : "application/json") }];
  });
  return Object.fromEntries(responses);
}

function answerSchema({ method, responseBody }: Route, schemas: Schemas): JsonObject {
  return responseBody ? fieldSchema(responseBody, "answer", schemas) : messageSchema(method.output, "answer", schemas);
}

function contentOf(schemas: JsonObject[], type: string): JsonObject {
  return { [type]: { schema: schemas.length === 1 ? schemas[0]! : { oneOf: schemas } } };
}

function uniqueByName(parameters: JsonObject[]): JsonObject[] {
  return [...new Map(parameters.map((parameter) => [`${parameter.in} ${parameter.name}`, parameter])).values()];
}
