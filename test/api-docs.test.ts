import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { answerSchemas, type CheckAnswer } from "./support/answer-schemas.ts";
import type { Json } from "./support/call-gateway.ts";
import { EventSource } from "./support/event-source.ts";
import { eventually } from "./support/eventually.ts";
import { fetch } from "./support/fetch-with-token.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;
let check: CheckAnswer;
/** An event that is stored. */
let id: string;
/** A refused event that is kept. */
let errorId: string;
let clientId: string;
/** The operations of which a good answer was checked. */
const checked = new Set<string>();
/** Every operation, by method and path. */
let operations: string[];

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"]);
  const document = (await answer("GET", "/openapi.json")).json;
  check = answerSchemas(document);
  operations = Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  id = (await answer("POST", "/v1/events", purchase)).json.id;
  await answer("POST", "/v1/events", { ...purchase, name: "" });
  clientId = (await answer("POST", "/v1/clients", { displayName: "to change", scopes: ["read"] })).json.client.id;
  errorId = await eventually(async () => (await answer("GET", "/v1/errors")).json.eventErrors[0]?.id);
  await eventually(async () => ((await answer("GET", "/v1/sessions/visit-1")).status === 200 ? true : undefined));
});
afterAll(() => bed.stop());

const PERSON = "01890a5d-ac96-774b-bcce-b302099a8058";
const purchase = {
  namespace: "shop",
  name: "purchase",
  category: "order",
  session_id: "visit-1",
  personId: "ann",
  timestamp: 1_772_600_000.25,
  value: 12.5,
  data: { items: ["door", 2, null, { a: true }] },
};

async function answer(method: string, path: string, body?: unknown): Promise<{ status: number; json: Json }> {
  const response = await fetch(bed.url + path, {
    method,
    ...(body !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === "" ? undefined : JSON.parse(text) };
}

test.each<[string, () => string, unknown, number]>([
  ["POST", () => "/v1/events", { ...purchase, session_id: "visit-2" }, 201],
  ["POST", () => "/v1/events", { name: "bare" }, 201],
  ["POST", () => "/v1/events", [{ name: "n" }, { name: "", colour: 1 }], 400],
  ["POST", () => "/v1/events", [{ name: "n" }, { name: "" }], 200],
  ["POST", () => "/v1/events", { name: "", sessionId: "" }, 400],
  ["GET", () => `/v1/events/${id}`, undefined, 200],
  ["GET", () => `/v1/events/${id}/status`, undefined, 200],
  ["GET", () => "/v1/events/01890a5d-ac96-774b-bcce-b302099a8057/status", undefined, 404],
  ["GET", () => "/v1/events:watch?resumeToken=x", undefined, 400],
  ["GET", () => "/v1/events/01890a5d-ac96-774b-bcce-b302099a8057", undefined, 404],
  ["GET", () => "/v1/events?namespace=shop", undefined, 200],
  ["GET", () => "/v1/events?pageSize=-1", undefined, 400],
  ["GET", () => "/v1/events?pageToken=x", undefined, 400],
  ["GET", () => "/v1/sessions/visit-1", undefined, 200],
  ["GET", () => "/v1/sessions/none", undefined, 404],
  ["GET", () => "/v1/sessions", undefined, 200],
  ["POST", () => "/v1/sessions", { id: "visit-3", namespace: "shop" }, 201],
  ["POST", () => "/v1/sessions", { id: "visit-3", namespace: "shop" }, 409],
  ["POST", () => "/v1/sessions:close", { before: "2026-01-31" }, 200],
  ["GET", () => "/v1/sessions?state=open&endTimeMin=2026-01-31", undefined, 200],
  ["POST", () => "/v1/persons", { id: PERSON, email: "kate.pryde@marauders.mock", first_name: "Kate" }, 201],
  ["POST", () => "/v1/persons", { id: PERSON, email: "kate.pryde@marauders.mock" }, 409],
  ["POST", () => "/v1/persons", { email: "kate@" }, 400],
  ["GET", () => "/v1/persons?email=KATE.pryde@marauders.mock", undefined, 200],
  ["GET", () => `/v1/persons/${PERSON}`, undefined, 200],
  ["PATCH", () => `/v1/persons/${PERSON}`, { role: "admin" }, 200],
  ["DELETE", () => `/v1/persons/${PERSON}`, undefined, 204],
  ["DELETE", () => `/v1/persons/${PERSON}`, undefined, 404],
  ["GET", () => "/v1/aggregates/shop/purchase?granularity=hour&aggregationType=sum", undefined, 200],
  ["GET", () => "/v1/aggregates/shop/purchase?granularity=soon", undefined, 400],
  [
    "GET",
    () =>
      "/v1/aggregates/shop/purchase?granularity=day&aggregationTypes=p95&aggregationTypes=distinct_persons" +
      "&filters=category=order&filters=data.items.0=door&groupBy=data.items.1&top=3",
    undefined,
    200,
  ],
  ["GET", () => "/v1/aggregates/shop/purchase?granularity=day&aggregationType=max&filters=host&top=3", undefined, 400],
  ["GET", () => "/v1/series?namespace=shop", undefined, 200],
  ["GET", () => "/v1/series?pageToken=x", undefined, 400],
  ["GET", () => "/v1/freshness?namespace=shop", undefined, 200],
  ["GET", () => "/v1/errors?namespace=shop&field=name&stage=DOOR", undefined, 200],
  ["GET", () => "/v1/errors?reason=none", undefined, 400],
  ["GET", () => `/v1/errors/${errorId}`, undefined, 200],
  ["GET", () => "/v1/errors/01890a5d-ac96-774b-bcce-b302099a8057", undefined, 404],
  ["POST", () => "/v1/errors:replay", { namespace: "shop", dryRun: true }, 200],
  ["POST", () => "/v1/errors:replay", { event: { name: "n" } }, 400],
  ["POST", () => `/v1/errors/${errorId}:replay`, { event: purchase }, 200],
  ["POST", () => "/v1/errors/01890a5d-ac96-774b-bcce-b302099a8057:replay", {}, 404],
  ["DELETE", () => `/v1/errors/${errorId}`, undefined, 204],
  ["PATCH", () => `/v1/events/${id}`, { value: 3 }, 200],
  ["PUT", () => `/v1/events/${id}`, { ...purchase, category: undefined }, 200],
  ["PATCH", () => `/v1/events/${id}`, { name: "" }, 400],
  ["DELETE", () => `/v1/events/${id}`, undefined, 204],
  ["DELETE", () => `/v1/events/${id}`, undefined, 404],
  ["POST", () => "/v1/clients", { displayName: "a shop", scopes: ["read", "write"], namespaces: ["shop-*"] }, 201],
  ["POST", () => "/v1/clients", { displayName: "", scopes: [] }, 400],
  ["GET", () => "/v1/clients", undefined, 200],
  ["GET", () => `/v1/clients/${bed.administrator.id}`, undefined, 200],
  ["GET", () => "/v1/clients/none", undefined, 404],
  ["PATCH", () => `/v1/clients/${clientId}`, { displayName: "another shop" }, 200],
  ["POST", () => `/v1/clients/${clientId}:rotate`, { keepPreviousFor: "90s" }, 200],
  ["DELETE", () => `/v1/clients/${clientId}`, undefined, 204],
  ["DELETE", () => `/v1/clients/${clientId}`, undefined, 404],
  ["GET", () => "/v1/audit?action=ocellus.access.v1.ClientService/DeleteClient", undefined, 200],
  ["GET", () => "/v1/audit?pageSize=-1", undefined, 400],
])("%s %s with %j is answered as its schema tells, number %#", async (method, path, body, status) => {
  const found = await answer(method, path(), body);
  expect([found.status, found.json]).toEqual([status, found.json]);
  expect(check(method, path().split("?")[0]!, found.status, found.json)).toEqual([]);
  if (status < 300) checked.add(`${method} ${path().split("?")[0]}`);
});

test("the data of a stream is as its schema tells", async () => {
  const watch = await EventSource.open(`${bed.url}/v1/events:watch?name=watched`);
  await answer("POST", "/v1/events", { ...purchase, name: "watched" });
  const { type, data } = await watch.next();
  expect([type, check("GET", "/v1/events:watch", 200, JSON.parse(data))]).toEqual(["event", []]);
  watch.close();
  checked.add("GET /v1/events:watch");
});

test("each route that is documented was called above", () => {
  const isCalled = (operation: string) => {
    const pattern = new RegExp(`^${operation.replace(/\{[^{}]+\}/g, "[^/:]+")}$`);
    return [...checked].some((call) => pattern.test(call));
  };
  expect(operations.filter((operation) => !isCalled(operation))).toEqual([]);
});
