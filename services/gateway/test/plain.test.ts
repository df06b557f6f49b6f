import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Json } from "../../../test/support/call-gateway.ts";
import { fetch } from "../../../test/support/fetch-with-token.ts";
import { echo, type Seen } from "./echo.ts";
import { type GatewayBed, startGateway } from "./gateway-bed.ts";

const seen: Seen = { requests: [], kept: [], cancelled: Promise.withResolvers() };
let bed: GatewayBed;

beforeAll(async () => {
  bed = await startGateway(echo(seen));
});
beforeEach(() => {
  seen.requests.length = 0;
});
afterAll(() => bed.stop());

async function call(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
  const response = await fetch(bed.url + path, {
    method,
    ...(body !== undefined && { body }),
    headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    json: (text === "" ? undefined : JSON.parse(text)) as Json,
  };
}

const reasonOf = ({ json }: { json: Json }) => json.details[0].reason;
const fieldsOf = ({ json }: { json: Json }) => json.details[1].fieldViolations.map(({ field }: Json) => field);

test.each(["/events", "/events/", "/events?", "/events/?name=n"])("%s leads to the events", async (path) => {
  expect(await call("GET", path)).toMatchObject({ status: 200, json: { results: [], next: null } });
});

test.each([
  "/events//",
  "/events/1/2",
  "/api",
  "/api/track/1",
  "/api/events/shop",
  "/persons/1/events",
  "/sessions:close",
])("%s is not found", async (path) => {
  const answer = await call("GET", path);
  expect([answer.status, reasonOf(answer)]).toEqual([404, "ROUTE_NOT_FOUND"]);
});

test.each([
  ["PUT", "/events", "GET, HEAD, OPTIONS, POST"],
  ["POST", "/events/1/", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"],
  ["GET", "/api/track", "OPTIONS, POST"],
  ["DELETE", "/sessions/1", "GET, HEAD, OPTIONS"],
])("%s %s is not allowed, but %s are", async (method, path, allow) => {
  const answer = await call(method, path);
  expect([answer.status, answer.headers.get("allow"), reasonOf(answer)]).toEqual([405, allow, "METHOD_NOT_ALLOWED"]);
  expect(await call("OPTIONS", path)).toMatchObject({ status: 204 });
});

test("HEAD answers as GET does, but without a body", async () => {
  const { status, headers, json } = await call("HEAD", "/events/1/");
  expect([status, json]).toEqual([200, undefined]);
  expect(Number(headers.get("content-length"))).toBeGreaterThan(10);
});

test.each([
  ["text/plain", 415, "UNSUPPORTED_CONTENT_TYPE"],
  ["application/json; charset=latin1", 415, "UNSUPPORTED_CONTENT_TYPE"],
])("a body of type %s is not taken", async (type, status, reason) => {
  const answer = await call("POST", "/events", "{}", { "content-type": type });
  expect([answer.status, reasonOf(answer)]).toEqual([status, reason]);
});

test.each(["", "{", '{"name":'])("the body %j is malformed", async (body) => {
  const answer = await call("POST", "/events", body);
  expect([answer.status, reasonOf(answer), fieldsOf(answer)]).toEqual([400, "MALFORMED_BODY", ["body"]]);
});

test.each(["7", "null", '"name"'])("the body %s is no event", async (body) => {
  const answer = await call("POST", "/events", body);
  expect([answer.status, fieldsOf(answer)]).toEqual([400, ["body"]]);
});

test("a body of more than 4 MiB is refused without being read on", async () => {
  const answer = await call("POST", "/events", `{"name":"${" ".repeat(5 * 1024 * 1024)}`);
  expect([answer.status, fieldsOf(answer), answer.headers.get("connection")]).toEqual([400, ["body"], "close"]);
});

test.each([
  ["no events", "[]"],
  ["more than 1000 events", JSON.stringify(Array(1001).fill({ name: "n" }))],
])("a list of %s is refused", async (_, body) => {
  const answer = await call("POST", "/events", body);
  expect([answer.status, fieldsOf(answer), seen.requests]).toEqual([400, ["body"], []]);
});

test.each([
  ['"1544896138"', 1544896138n, 0],
  ["1544896138.25", 1544896138n, 250_000_000],
  ['"2018-12-15T17:48:58+01:00"', 1544892538n, 0],
  ['"2018-12-15T17:48:58"', 1544896138n, 0],
  ['"2018-12-15 17:48:58.000001"', 1544896138n, 1000],
  ['"2018-12-15"', 1544832000n, 0],
])("the timestamp %s is read", async (timestamp, seconds, nanos) => {
  expect((await call("POST", "/events", `{"name":"n","timestamp":${timestamp}}`)).status).toBe(201);
  expect(seen.requests).toMatchObject([{ timestamp: { seconds, nanos } }]);
});

test("what the dialect has no name for goes into data, whatever it is called", async () => {
  const extra = '"__proto__":{"a":1},"constructor":2,"session.id":"s","data":{"given":true}';
  expect((await call("POST", "/events", `{"name":"n",${extra}}`)).status).toBe(201);
  const { data } = seen.requests[0] as { data: Record<string, unknown> };
  expect(Object.entries(data).sort()).toEqual([
    ["__proto__", { a: 1 }],
    ["constructor", 2],
    ["given", true],
    ["session.id", "s"],
  ]);
});

test("two names for one field may say the same, and a key may stand in data as well", async () => {
  const body = '{"name":"n","event_type":"n","channel_id":"c","namespace":"c","url":{"a":1},"data":{"url":{"a":1}}}';
  expect((await call("POST", "/events", body)).status).toBe(201);
  expect(seen.requests).toMatchObject([{ name: "n", namespace: "c", data: { url: { a: 1 } } }]);
});

test.each([
  ['{"name":"a","event_type":"b"}', ["name", "event_type"]],
  ['{"name":"n","session":{"id":"s"},"session_id":"t"}', ["session", "session_id"]],
  ['{"name":"n","person_id":"p","visitor_id":"v"}', ["person_id", "visitor_id"]],
  ['{"name":"n","session":{"id":"s","colour":"red"}}', ["session"]],
  ['{"name":"n","session":"s"}', ["session"]],
])("%s is refused, naming %j", async (body, fields) => {
  const answer = await call("POST", "/events", body);
  expect([answer.status, fieldsOf(answer), seen.requests]).toEqual([400, fields, []]);
});

test.each([
  ["a hit with a url is a pageview", '{"url":"/"}', "pageview"],
  ["one whose url and name are null has no name", '{"url":null,"name":null}', undefined],
  ["one with another name keeps it", '{"url":"/","event_type":"click"}', "click"],
])("%s", async (_, body, name) => {
  const { status, json } = await call("POST", "/events", body);
  expect([status, json.name]).toEqual(name === undefined ? [400, undefined] : [201, name]);
});

test("a PUT and a PATCH name what they change, by the path they are sent to", async () => {
  await call("PUT", "/events/1", '{"id":"2","name":"n"}');
  await call("PATCH", "/events/1", '{"id":"2","visitor_id":"v","category":null}');
  expect(seen.requests).toMatchObject([
    { event: { id: "1", name: "n" }, updateMask: { paths: ["*"] } },
    { event: { id: "1", personId: "v" }, updateMask: { paths: ["person_id", "category"] } },
  ]);
});

test("a list takes ten at a time, or as many as are asked for", async () => {
  for (const query of ["", "?page_size=3", "?limit=4", "?limit=0"]) await call("GET", `/events${query}`);
  expect(seen.requests).toMatchObject([10, 3, 4, 10].map((pageSize) => ({ pageSize })));
});

test.each([
  ["?limit=-1", ["limit"]],
  ["?limit=1&page_size=2", ["limit", "page_size"]],
  ["?name=a&name=b", ["name"]],
  ["?timestamp_after=x&colour=red", ["colour", "timestamp_after"]],
])("/events%s is refused, naming %j", async (query, fields) => {
  const answer = await call("GET", `/events${query}`);
  expect([answer.status, fieldsOf(answer)]).toEqual([400, fields]);
});

test.each<[string, Record<string, string>, string]>([
  ["where the client reached it", {}, "http://127.0.0.1:"],
  [
    "where a proxy says that it did",
    { "x-forwarded-proto": "https", "x-forwarded-host": "events.example" },
    "https://events.example/",
  ],
  ["without an origin where that makes no sense", { "x-forwarded-host": "a b/c" }, "/events/?"],
])("the next page of a list is found %s", async (_, headers, start) => {
  const { json } = await call("GET", "/events/?name=many&limit=2", undefined, headers);
  expect(json.next).toMatch(new RegExp(`^${start.replace("?", "\\?")}`));
  expect(json.next).toMatch(/\/events\/\?name=many&limit=2&page_token=more$/);
});

test("a full queue says when to retry", async () => {
  const answer = await call("POST", "/events", '{"name":"full"}');
  expect([answer.status, answer.headers.get("retry-after"), reasonOf(answer)]).toEqual([429, "3", "QUEUE_FULL"]);
});

test("a value that no event of a group has is null", async () => {
  const { json } = await call("GET", "/api/events/shop/valueless?granularity=hour");
  expect(json).toEqual([{ aggregatedTimestamp: "1970-01-01T00:00:00.001Z", value: null }]);
});

test("GET / lists the routes of the dialect", async () => {
  const { json } = await call("GET", "/");
  expect(json.plain).toContainEqual({ method: "GET", path: "/api/events/{namespace}/{name}" });
});

test.each(["__proto__", "constructor", "toString"])("the parameter %s is none", async (name) => {
  const answer = await call("GET", `/api/events/shop/n?${name}=0`);
  expect([answer.status, fieldsOf(answer)]).toEqual([400, [name]]);
});
