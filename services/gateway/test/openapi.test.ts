import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ErrorReasonSchema } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { answerSchemas } from "../../../test/support/answer-schemas.ts";
import type { Json } from "../../../test/support/call-gateway.ts";
import { fetch } from "../../../test/support/fetch-with-token.ts";
import { echo } from "./echo.ts";
import { type GatewayBed, startGateway } from "./gateway-bed.ts";

let bed: GatewayBed;
let document: Json;
/** Every operation, by method and path. */
let operations: [string, Json][];

beforeAll(async () => {
  bed = await startGateway(echo({ requests: [], kept: [], cancelled: Promise.withResolvers() }));
  document = await (await fetch(`${bed.url}/openapi.json`)).json();
  operations = Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Json] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
});
afterAll(() => bed.stop());

const operation = (name: string) => operations.find(([each]) => each === name)?.[1];
const parameter = (name: string, of: string) => operation(of).parameters.find((each: Json) => each.name === name);
const schema = (name: string) => document.components.schemas[name];

test("the document is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document);
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  expect([document.openapi, validator.version]).toEqual(["3.1.1", "3.1"]);
});

test("every reference leads somewhere", () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
  expect(references.length).toBeGreaterThan(50);
  expect(references.filter(([, kind, name]) => !document.components[kind!][name!])).toEqual([]);
  const named = new Set(references.map(([, kind, name]) => `${kind} ${name}`));
  expect(Object.keys(document.components.schemas).filter((name) => !named.has(`schemas ${name}`))).toEqual([]);
});

test("every route of the gateway is in it, and nothing else", async () => {
  const { routes } = (await (await fetch(`${bed.url}/`)).json()) as Json;
  const blank = (text: string) => text.replace(/\{[^{}]+\}/g, "{}");
  const served = new Set(routes.map(({ method, path }: Json) => blank(`${method} ${path}`)));
  expect(operations.map(([name]) => blank(name)).sort()).toEqual([...served].sort());
  for (const { method, path, rpc } of routes) {
    const [, { description }] = operations.find(([name]) => blank(name) === blank(`${method} ${path}`))!;
    expect(description).toContain(`RPC: \`${rpc}\``);
  }
});

test("paths that differ in the names of their variables alone are one path", () => {
  expect(Object.keys(document.paths["/v1/events/{id}"])).toEqual(["get", "patch", "put", "delete"]);
  expect(parameter("id", "PATCH /v1/events/{id}")).toMatchObject({ in: "path", required: true });
});

test("everything has a description, and every operation an id of its own", () => {
  const ids = operations.map(([, { operationId }]) => operationId);
  expect([...new Set(ids)]).toEqual(ids);
  const described: [string, Json][] = [
    ...document.tags.map((tag: Json) => [tag.name, tag]),
    ...operations.flatMap(([name, each]) => [
      [name, each],
      [`${name} summary`, { description: each.summary }],
      ...(each.requestBody ? [[`${name} body`, each.requestBody] as [string, Json]] : []),
      ...(each.parameters ?? []).map((of: Json) => [`${name} ${of.name}`, of]),
      ...Object.entries(each.responses).map(([status, of]) => [`${name} ${status}`, of]),
    ]),
    ...Object.entries<Json>(document.components.schemas).flatMap(([name, each]) => [
      [name, each],
      ...Object.entries(each.properties ?? {})
        .filter(([key]) => key !== "@type")
        .map(([key, of]) => [`${name}.${key}`, of]),
    ]),
    ...Object.entries(document.components.examples),
  ];
  expect(described.filter(([, { description }]) => !description?.trim()).map(([name]) => name)).toEqual([]);
});

test("a body may be an object or a list where two methods share a route", () => {
  const { requestBody, responses } = operation("POST /v1/events");
  const event = { $ref: "#/components/schemas/EventInput" };
  expect(requestBody.content["application/json"].schema).toEqual({
    oneOf: [event, { type: "array", items: event, minItems: 1, maxItems: 1000 }],
  });
  expect(Object.keys(responses)).toEqual(["200", "201", "400", "401", "403", "415", "429", "500", "503"]);
});

test("limits are those of the comments", () => {
  expect(schema("EventInput").properties.namespace).toMatchObject({ type: "string", minLength: 1, maxLength: 120 });
  expect(schema("EventInput").properties.id.format).toBe("uuid");
  expect(schema("EventInput").properties.name.examples).toEqual(["pageview"]);
  expect(schema("EventInput").required).toEqual(["name"]);
  expect(schema("EventPatch").required).toBeUndefined();
  expect(parameter("pageSize", "GET /v1/events").schema).toEqual({ type: "integer", format: "int32", minimum: 0 });
  expect(parameter("granularity", "GET /v1/aggregates/{namespace}/{name}").required).toBe(true);
  expect(parameter("aggregationType", "GET /v1/aggregates/{namespace}/{name}").required).toBeUndefined();
  expect(parameter("filters", "GET /v1/aggregates/{namespace}/{name}").schema).toEqual({
    type: "array",
    items: { type: "string" },
  });
});

test("what is taken is more lenient than what is answered", () => {
  expect(schema("Event").properties.timestamp).toMatchObject({ type: "string", format: "date-time" });
  expect(schema("EventInput").properties.timestamp).toMatchObject({ $ref: "#/components/schemas/TimestampInput" });
  expect(schema("TimestampInput").description).toContain("seconds since 1970");
  expect(schema("GranularityInput").enum).toEqual(expect.arrayContaining(["hour", "GRANULARITY_HOUR"]));
  expect(schema("GranularityInput").description).toContain("- `hour` or `GRANULARITY_HOUR`: By the hour.");
  expect(schema("Session").properties.eventCount).toMatchObject({ type: "string" });
  expect(schema("Event").properties.data).toMatchObject({ type: "object", additionalProperties: true });
  expect(schema("Event").properties.receiveTime.readOnly).toBe(true);
});

test.each([
  ["POST /v1/events", ["INVALID_EVENT", "MALFORMED_BODY", "QUEUE_FULL", "QUEUE_UNAVAILABLE"], ["DATABASE_UNAVAILABLE"]],
  ["GET /v1/events", ["INVALID_PAGE_TOKEN", "DATABASE_UNAVAILABLE"], ["EVENT_NOT_FOUND", "MALFORMED_BODY"]],
  ["GET /v1/sessions/{id}", ["SESSION_NOT_FOUND", "SESSION_AMBIGUOUS"], ["EVENT_NOT_FOUND", "ROUTE_NOT_FOUND"]],
  [
    "GET /v1/aggregates/{namespace}/{name}",
    ["RESULT_TOO_LARGE", "SCAN_TOO_LARGE", "EVENTS_NOT_KEPT", "VALUE_OUT_OF_RANGE"],
    ["QUEUE_FULL"],
  ],
])("%s tells of the errors %p and not of %p", (name, told, untold) => {
  const answers = Object.values<Json>(operation(name).responses);
  const found = answers.flatMap(({ content }) => Object.keys(content?.["application/json"].examples ?? {}));
  expect(found).toEqual(expect.arrayContaining(["INVALID_REQUEST", "INTERNAL", "SERVICE_UNAVAILABLE", ...told]));
  expect(found.filter((reason) => untold.includes(reason))).toEqual([]);
});

test("where waiting helps, the response has the header that says how long", () => {
  const { responses } = operation("POST /v1/events");
  expect([429, 503].map((status) => Object.keys(responses[status].headers))).toEqual([
    ["Retry-After"],
    ["Retry-After"],
  ]);
  expect(responses[400].headers).toBeUndefined();
});

test("there is a valid example of every reason", () => {
  const reasons = ErrorReasonSchema.values.filter(({ number }) => number !== 0).map(({ localName }) => localName);
  expect(Object.keys(document.components.examples)).toEqual(reasons);
  const ajv = new Ajv2020({ strict: false });
  formats.default(ajv);
  const validate = ajv.addSchema(document, "api").compile({ $ref: "api#/components/schemas/Status" });
  for (const { value } of Object.values<Json>(document.components.examples)) {
    expect([validate(value), validate.errors]).toEqual([true, null]);
    expect(value.message).not.toBe("");
  }
});

test("the gateway takes every query parameter that is told of", async () => {
  for (const [name, { parameters = [] }] of operations.filter(([each]) => each.startsWith("GET "))) {
    const path = name.slice(4).replace(/\{[^{}]+\}/g, "x");
    const query = parameters.filter((each: Json) => each.in === "query").map((each: Json) => `${each.name}=%22`);
    const answer = await (await fetch(`${bed.url}${path}?${query.join("&")}`)).text();
    expect(answer).not.toContain("is not a parameter of this route");
  }
});

test.each([
  ["GET", "/v1/events/1", undefined],
  ["GET", "/v1/events", undefined],
  ["GET", "/v1/events?pageSize=x", undefined],
  ["GET", "/v1/sessions/1", undefined],
  ["GET", "/v1/aggregates/shop/price?granularity=day&aggregationType=max", undefined],
  ["POST", "/v1/events", { name: "n", data: { a: [null] } }],
  ["POST", "/v1/events", { name: "full" }],
  ["POST", "/v1/events", [{ name: "n" }, { name: "" }]],
  ["POST", "/v1/events", 5],
])("the answer of %s %s %j is as its schema tells", async (method, target, body) => {
  const headers = { "content-type": "application/json" };
  const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
  const response = await fetch(bed.url + target, init);
  const check = answerSchemas(document);
  expect(check(method, target.split("?")[0]!, response.status, await response.json())).toEqual([]);
});
