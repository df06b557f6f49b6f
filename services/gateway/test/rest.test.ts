import { request } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { authorizationFor, fetch } from "../../../test/support/fetch-with-token.ts";
import { echo, type Seen } from "./echo.ts";
import { type GatewayBed, startGateway } from "./gateway-bed.ts";

const seen: Seen = { requests: [], kept: [], cancelled: Promise.withResolvers() };
let bed: GatewayBed;

beforeAll(async () => {
  bed = await startGateway(echo(seen));
});
afterAll(() => bed.stop());
beforeEach(() => {
  seen.requests.length = 0;
});

interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about
  json: any;
}

async function call(method: string, path: string, body?: string | Uint8Array, type = "application/json") {
  const headers: Record<string, string> = body === undefined ? {} : { "content-type": type };
  const response = await fetch(bed.url + path, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: text ? JSON.parse(text) : undefined } as Answer;
}

const post = (body: unknown) => call("POST", "/v1/events", typeof body === "string" ? body : JSON.stringify(body));

const infoIn = ({ json }: Answer) => json.details.find(({ "@type": type }: never) => /ErrorInfo$/.test(type));
const violationsIn = ({ json }: Answer): { field: string; description: string }[] =>
  json.details.find(({ "@type": type }: never) => /BadRequest$/.test(type))?.fieldViolations ?? [];
const fieldsIn = (answer: Answer) => violationsIn(answer).map(({ field }) => field);

test("one event is created, and answered bare", async () => {
  const answer = await post({ name: "n", session_id: "s", timestamp: "2026-01-31", value: 0, data: { a: [1] } });
  expect(answer.status).toBe(201);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.json).toMatchObject({ name: "n", sessionId: "s", timestamp: "2026-01-31T00:00:00Z", value: 0 });
  expect(answer.json.data).toEqual({ a: [1] });
});

test("a list of events is a batch, with a result for each in the words of its sender", async () => {
  const answer = await post([
    { name: "a", id: "01890a5d-ac96-774b-bcce-b302099a8057" },
    { name: "", sessionId: "" },
  ]);
  expect(answer.status).toBe(200);
  const [first, second] = answer.json.results;
  expect(first).toEqual({ accepted: { id: "01890a5d-ac96-774b-bcce-b302099a8057" } });
  expect(second.refused.message).toBe("[1].name: must not be empty; [1].sessionId: must not be empty");
  expect(second.refused.details[1].fieldViolations.map(({ field }: never) => field)).toEqual([
    "[1].name",
    "[1].sessionId",
  ]);
});

test("data of 32 levels passes, and so does a key __proto__", async () => {
  const text = `{"name":"n","data":${'{"__proto__":'.repeat(31)}{}${"}".repeat(32)}`;
  const answer = await post(text);
  expect(answer.status).toBe(201);
  expect(JSON.stringify(answer.json)).toBe(JSON.stringify({ id: "", ...JSON.parse(text) }));
});

test("data of 33 levels is refused by its service, in the words of its sender", async () => {
  expect(violationsIn(await post(`{"name":"n","data":${'{"a":'.repeat(32)}{}${"}".repeat(33)}`))).toEqual([
    { field: "data", description: "must not be deeper than 32 levels" },
  ]);
});

test("a part of a path is decoded, a slash in it included", async () => {
  expect((await call("GET", "/v1/sessions/a%2Fb%20c:d")).json).toMatchObject({ id: "a/b c:d", eventCount: "0" });
});

test("lists and numbers are there even where they are empty or zero", async () => {
  expect((await call("GET", "/v1/sessions")).json).toEqual({ sessions: [], nextPageToken: "" });
  const { rows } = (await call("GET", "/v1/aggregates/shop/price?granularity=day&aggregationType=max")).json;
  expect(rows).toEqual([
    {
      bucketStart: "1970-01-01T00:00:00Z",
      aggregatedTimestamp: "1970-01-01T00:00:00.001Z",
      value: 1.5,
      count: "0",
      values: [],
      other: false,
    },
  ]);
});

test("query parameters are read in both spellings, with times and enums as people write them", async () => {
  await call(
    "GET",
    "/v1/aggregates/a%2Fb/c?tsMin=2026-01-31T02:00:00+02:00&ts_max=5.5&granularity=HOUR&aggregation_type=2",
  );
  await call("GET", "/v1/events?pageSize=7&session_id=x%20y&namespace=&timestampMin=2026-01-31+12:00:00");
  expect(seen.requests).toMatchObject([
    {
      namespace: "a/b",
      name: "c",
      granularity: 2,
      aggregationType: 2,
      tsMin: { seconds: 1_769_817_600n },
      tsMax: { nanos: 5e8 },
    },
    { pageSize: 7, sessionId: "x y", namespace: "", timestampMin: { seconds: 1_769_860_800n } },
  ]);
});

test("every offending query parameter is named in one answer", async () => {
  const query = "pageSize=x&foo=1&namespace=a&namespace=b&timestampMin=soon&name=%zz&events.id=1&";
  const answer = await call("GET", `/v1/events?${query}`);
  expect([answer.status, infoIn(answer).reason]).toEqual([400, "INVALID_REQUEST"]);
  expect(fieldsIn(answer).sort()).toEqual(["events.id", "foo", "name", "namespace", "pageSize", "timestampMin"]);
  // The service was asked what else is wrong with what could be read; it found nothing.
  expect(seen.requests).toHaveLength(1);
});

test("a field that the path binds is no query parameter", async () => {
  expect(fieldsIn(await call("GET", "/v1/events/1?id=2"))).toEqual(["id"]);
});

test("what the service refuses is named as the query spells it", async () => {
  const answer = await call("GET", "/v1/events?pageSize=-1");
  expect(answer.json.message).toBe("pageSize: must not be negative");
  expect(fieldsIn(answer)).toEqual(["pageSize"]);
});

test("what cannot be read and what breaks the limits is named in one answer, each once, and nothing is sent on", async () => {
  const answer = await post('{"name":"","foo":1,"value":"NaN","timestamp":"2026-02-30","sessionId":5}');
  expect([answer.status, infoIn(answer).reason, infoIn(answer).domain]).toEqual([400, "INVALID_EVENT", "ocellus.dev"]);
  expect(fieldsIn(answer).sort()).toEqual(["foo", "name", "sessionId", "timestamp", "value"]);
  expect(seen.requests).toEqual([]);
});

test("in a list, every event's problems are named in one answer", async () => {
  expect(fieldsIn(await post([{ name: 1 }, { name: "", personId: "" }, null, { nmae: "n" }])).sort()).toEqual([
    "[0].name",
    "[1].name",
    "[1].personId",
    "[2]",
    "[3].name",
    "[3].nmae",
  ]);
});

test.each([
  ["nothing", "", "is empty"],
  ["half an object", '{"name":', "Unexpected end of JSON input"],
  ["a number", "5", "must be an object (TrackEvent) or a list (BatchTrackEvents), and is 5"],
  ["null", "null", "and is null"],
  ["far too deep", "[".repeat(1_000_000), "must be JSON of at most 1000 levels, and is deeper"],
])("a body of %s is malformed", async (_, body, problem) => {
  const answer = await post(body);
  expect([answer.status, infoIn(answer).reason]).toEqual([400, "MALFORMED_BODY"]);
  expect(violationsIn(answer)).toEqual([{ field: "body", description: expect.stringContaining(problem) }]);
});

test("bytes that are no UTF-8 are malformed", async () => {
  const answer = await call("POST", "/v1/events", Uint8Array.of(0x22, 0xff, 0x22));
  expect([answer.status, infoIn(answer).reason]).toEqual([400, "MALFORMED_BODY"]);
});

test.each([
  ["the greatest depth that is parsed", `{"name":"n","data":{"a":${"[".repeat(998)}${"]".repeat(998)}}}`],
  ["half a surrogate pair", '{"name":"n","data":{"a":"\\ud800"}}'],
])("data with %s is refused", async (_, body) => {
  expect(fieldsIn(await post(body))).toEqual(["data"]);
});

test.each([
  ["a batch", "[", "events"],
  ["one event", '{"name":"', "body"],
])("%s of more than 4 MiB is refused without being read on", async (_, start, field) => {
  const answer = await post(start + " ".repeat(5 * 1024 * 1024));
  expect(answer.status).toBe(400);
  expect(answer.headers.get("connection")).toBe("close");
  expect(violationsIn(answer)).toEqual([{ field, description: "must have at most 4194304 bytes, and has more" }]);
});

test("a client that would send without end gets its answer, and then no more attention", async () => {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const headers = { "content-type": "application/json", ...(await authorizationFor(bed.url)) };
  const upload = request(`${bed.url}/v1/events`, { method: "POST", headers });
  upload.on("error", () => {});
  upload.on("response", (response) => resolve(response.statusCode));
  const closed = new Promise((done) => upload.on("close", done));
  const chunk = Buffer.alloc(1024 * 1024, " ");
  const send = () => {
    while (!upload.destroyed && upload.write(chunk));
  };
  upload.on("drain", send);
  send();
  expect(await promise).toBe(400);
  await closed;
});

test.each(["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/jsonp"])(
  "a body of type %s is not taken",
  async (type) => {
    const answer = await call("POST", "/v1/events", "{}", type);
    expect([answer.status, infoIn(answer).reason]).toEqual([415, "UNSUPPORTED_CONTENT_TYPE"]);
  },
);

test("a body without a type is not taken", async () => {
  const response = await fetch(`${bed.url}/v1/events`, { method: "POST", body: Buffer.from('{"name":"n"}') });
  expect(response.status).toBe(415);
});

test("a charset of UTF-8 is taken", async () => {
  expect((await call("POST", "/v1/events", '{"name":"n"}', 'application/json; charset="UTF-8"')).status).toBe(201);
});

test.each(["/v1/nope", "/v1/events/", "/v2/events", "/ocellus", "//v1/events", "/%zz"])(
  "%s is not found",
  async (path) => {
    const answer = await call("GET", path);
    expect([answer.status, infoIn(answer).reason, answer.json.code]).toEqual([404, "ROUTE_NOT_FOUND", 5]);
  },
);

test.each([
  ["POST", "/v1/events/1", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"],
  ["PUT", "/v1/sessions", "GET, HEAD, OPTIONS, POST"],
  ["PATCH", "/v1/events", "GET, HEAD, OPTIONS, POST"],
  ["POST", "/", "GET, HEAD, OPTIONS"],
])("%s %s is not allowed, but %s are", async (method, path, allow) => {
  const answer = await call(method, path);
  expect([answer.status, answer.headers.get("allow")]).toEqual([405, allow]);
  expect(infoIn(answer).reason).toBe("METHOD_NOT_ALLOWED");
});

test("OPTIONS tells what is allowed, and HEAD answers as GET does but without a body", async () => {
  const options = await call("OPTIONS", "/v1/events");
  expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS, POST"]);
  const head = await call("HEAD", "/v1/events/1");
  expect([head.status, head.json]).toEqual([200, undefined]);
  expect(Number(head.headers.get("content-length"))).toBeGreaterThan(10);
});

test("a path that cannot be decoded is refused", async () => {
  const answer = await call("GET", "/v1/events/%ff");
  expect([answer.status, fieldsIn(answer)]).toEqual([400, ["id"]]);
});

test("a full queue says when to retry", async () => {
  const answer = await post({ name: "full" });
  expect([answer.status, answer.headers.get("retry-after"), infoIn(answer).reason]).toEqual([429, "3", "QUEUE_FULL"]);
});

test("a fault behind is an internal error that tells no more than an id", async () => {
  const answer = await call("GET", "/v1/events/broken");
  expect([answer.status, infoIn(answer).reason]).toEqual([500, "INTERNAL"]);
  expect(answer.json.message).not.toContain("a fault");
});

test("a client that hangs up cancels the call behind", async () => {
  const abort = new AbortController();
  const hanging = fetch(`${bed.url}/v1/events/slow`, { signal: abort.signal });
  const arrived = (async () => {
    while (!seen.requests.includes("slow")) await new Promise(setImmediate);
  })();
  await arrived;
  abort.abort();
  await expect(hanging).rejects.toThrow();
  await seen.cancelled.promise;
});

test("a request that names no host to speak of is refused", async () => {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const headers = { host: "%%%", "content-type": "application/proto", ...(await authorizationFor(bed.url)) };
  const path = "/ocellus.ingest.v1.IngestService/TrackEvent";
  request(bed.url + path, { method: "POST", headers }, (response) => resolve(response.statusCode)).end();
  expect(await promise).toBe(400);
});

test("GET / lists every route with its RPC", async () => {
  const { json } = await call("GET", "/");
  expect(json.routes).toContainEqual({
    method: "POST",
    path: "/v1/events",
    rpc: "ocellus.ingest.v1.IngestService/TrackEvent",
  });
});
