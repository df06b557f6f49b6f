import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { Json } from "./support/call-gateway.ts";
import { eventually } from "./support/eventually.ts";
import { fetch, sendToken } from "./support/fetch-with-token.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"]);
});
afterAll(() => bed.stop());

async function send(method: string, path: string, body?: string | Buffer, type = "application/json") {
  const headers = { "content-type": type };
  const response = await fetch(bed.url + path, { method, ...(body !== undefined && { body, headers }) });
  const text = await response.text();
  return { status: response.status, json: (text === "" ? undefined : JSON.parse(text)) as Json };
}
const post = (path: string, json: unknown) => send("POST", path, JSON.stringify(json));
const get = async (path: string) => (await send("GET", path)).json;

/** What `refuse` had kept, oldest first, once there are so many: no more may come of it. */
async function keptOf(count: number, refuse: () => Promise<unknown>): Promise<Json[]> {
  const known = new Set((await get("/v1/errors?pageSize=1000")).eventErrors.map(({ id }: Json) => id));
  await refuse();
  // What is refused after it is kept after it.
  await post("/v1/events", { namespace: "last", name: "" });
  const kept = await eventually(async () => {
    const { eventErrors } = await get("/v1/errors?pageSize=1000");
    const fresh = eventErrors.filter(({ id }: Json) => !known.has(id));
    return fresh.some(({ namespace }: Json) => namespace === "last") ? fresh : undefined;
  });
  const wanted = kept.filter(({ namespace }: Json) => namespace !== "last").reverse();
  expect(wanted).toHaveLength(count);
  return wanted;
}

const rawOf = async (id: string) => Buffer.from((await get(`/v1/errors/${id}`)).rawPayload ?? "", "base64").toString();
const fieldsOf = ({ status }: Json) =>
  status.details.flatMap(({ fieldViolations = [] }: Json) => fieldViolations.map(({ field }: Json) => field));

test.each<[string, string, string, string, number, object]>([
  ["malformed JSON", "/v1/events", '{"name":', "application/json", 400, { payload: '{"name":' }],
  ["an unknown field", "/v1/events", '{"name":"a","colour":1}', "application/json", 400, { name: "a" }],
  [
    "an over-long name",
    "/v1/events",
    `{ "name": "${"n".repeat(151)}" }`,
    "application/json",
    400,
    { event: { name: "n".repeat(151) } },
  ],
  ["no JSON at all", "/v1/events", "name=a", "text/plain", 415, { payload: "name=a" }],
  ["a number", "/v1/events", "7", "application/json", 400, { payload: 7 }],
  ["nothing", "/v1/events", "", "application/json", 400, { payload: "" }],
  ["an empty batch", "/v1/events", "[]", "application/json", 400, { payload: [] }],
  ["a batch of which one cannot be read", "/v1/events", '[{"name":"a"},{"nam":1}]', "application/json", 400, {}],
])("%s by REST is one error with what was sent", async (_, path, body, type, status, expected) => {
  const [kept] = await keptOf(1, async () => {
    const answered = await send("POST", path, body, type);
    expect(answered.status).toBe(status);
  });
  expect(kept).toMatchObject({
    stage: "ERROR_STAGE_DOOR",
    source: { transport: "TRANSPORT_REST", peer: "gateway", address: "127.0.0.1" },
    payloadSize: String(body.length),
    ...expected,
  });
  expect(await rawOf(kept.id)).toBe(body);
});

test("the refusal that is kept is the one that was answered", async () => {
  let answered: Json;
  const [kept] = await keptOf(1, async () => {
    answered = (await post("/v1/events", { name: "", sessionId: "", colour: 1 })).json;
  });
  expect(kept.status).toEqual(answered);
  expect(fieldsOf(kept).sort()).toEqual(["colour", "name", "sessionId"]);
});

test("a body beyond what is read is one error with its start", async () => {
  const [kept] = await keptOf(1, () => post("/v1/events", { name: "n", data: { a: "x".repeat(5_000_000) } }));
  expect(Number(kept.payloadSize)).toBeGreaterThan(5_000_000);
  expect(await rawOf(kept.id)).toHaveLength(512 * 1024);
});

test("of a batch by REST each refused event is one error with its own JSON", async () => {
  const bad = { name: "bad", id: "7", sessionId: "s" };
  const [kept] = await keptOf(1, async () => {
    expect((await post("/v1/events", [{ name: "good" }, bad])).status).toBe(200);
  });
  expect(kept).toMatchObject({ payload: bad, event: bad, source: { transport: "TRANSPORT_REST" } });
  expect(fieldsOf(kept)).toEqual(["[1].id"]);
  expect((await get("/v1/errors?field=id")).eventErrors.map(({ id }: Json) => id)).toContain(kept.id);
});

const track = `/${IngestService.typeName}/TrackEvent`;
const batch = `/${IngestService.typeName}/BatchTrackEvents`;

test.each([
  ["malformed JSON", track, '{"event":', "{"],
  ["an unknown field", track, '{"event":{"name":"a","colour":1}}', "{"],
  ["an event that is refused", track, '{"event": {"name": ""}}', "{"],
  ["a batch", batch, '{"events":[{"name":"a"},{"name":""}]}', '{"name":""}'],
])("%s by Connect in JSON is one error with what was sent", async (_, path, body, expected) => {
  const [kept] = await keptOf(1, () => send("POST", path, body));
  expect(kept.source).toEqual({ transport: "TRANSPORT_CONNECT", peer: "gateway", address: "127.0.0.1" });
  expect(await rawOf(kept.id)).toBe(expected === "{" ? body : expected);
});

test("bytes by Connect that are no message are one error", async () => {
  const [kept] = await keptOf(1, () =>
    send("POST", track, Buffer.from([0xff, 0xff]), "application/proto").catch(() => {}),
  );
  expect((await get(`/v1/errors/${kept.id}`)).rawPayload).toBe("//8=");
});

test.each([
  ["TRANSPORT_GRPC", () => createGrpcTransport({ interceptors: [sendToken], baseUrl: bed.url })],
  [
    "TRANSPORT_GRPC_WEB",
    () => createGrpcWebTransport({ interceptors: [sendToken], baseUrl: bed.url, httpVersion: "1.1" }),
  ],
  [
    "TRANSPORT_CONNECT",
    () =>
      createConnectTransport({
        interceptors: [sendToken],
        baseUrl: bed.url,
        httpVersion: "1.1",
        useBinaryFormat: true,
      }),
  ],
] as const)("what is refused by %s through the gateway is one error with its source", async (transport, open) => {
  const client = createClient(IngestService, open());
  const kept = await keptOf(2, async () => {
    await expect(client.trackEvent({ event: { name: "", value: 1 } })).rejects.toThrow("event.name");
    await client.batchTrackEvents({ events: [{ name: "good" }, { name: "", value: 2 }] });
  });
  expect(kept.map(({ payload }: Json) => payload)).toEqual(
    [
      { name: "", value: 1 },
      { name: "", value: 2 },
    ].map(({ value }) => ({ value })),
  );
  for (const { source } of kept) expect(source).toEqual({ transport, peer: "gateway", address: "127.0.0.1" });
});

test("the gateway hands on no errors that a client says it had", async () => {
  const { status } = await send("POST", "/ocellus.ingest.v1.EventErrorService/RecordEventErrors", "{}");
  expect(status).toBe(404);
});

test("what is replayed with a correction is stored once, and in its session", async () => {
  const event = { namespace: "mending", name: "bought", sessionId: "visit", timestamp: "2026-03-04T05:06:07Z" };
  const [kept] = await keptOf(1, () => post("/v1/events", { ...event, colour: "red" }));
  const refused = await post(`/v1/errors/${kept.id}:replay`, {});
  expect(refused).toMatchObject({ status: 200, json: { results: [{ id: kept.id, refused: { code: 9 } }] } });
  const dry = await post(`/v1/errors/${kept.id}:replay`, { event, dryRun: true });
  const { status, json } = await post(`/v1/errors/${kept.id}:replay`, { event });
  expect(status).toBe(200);
  const { id } = json.results[0].accepted;
  expect(dry.json.results[0].accepted.id).toBe(id);
  expect((await post(`/v1/errors/${kept.id}:replay`, { event })).json).toEqual(json);
  await eventually(async () => ((await get("/v1/sessions/visit")).eventCount === "1" ? true : undefined));
  expect((await get("/v1/events?namespace=mending")).events.map((stored: Json) => stored.id)).toEqual([id]);
  expect(await get(`/v1/errors/${kept.id}`)).toMatchObject({ replayedEventId: id, replayTime: expect.any(String) });
});

test("what was refused is listed, replayed by a filter and deleted by REST", async () => {
  const [kept] = await keptOf(1, () => post("/v1/events", { namespace: "gone", name: "" }));
  const list = await get("/v1/errors?namespace=gone&reason=INVALID_EVENT&field=name&stage=DOOR&replayed=false");
  expect(list.eventErrors.map(({ id }: Json) => id)).toEqual([kept.id]);
  const { json } = await post("/v1/errors:replay", { namespace: "gone", dryRun: true });
  expect(json.results).toMatchObject([{ id: kept.id, refused: { code: 3 } }]);
  expect((await send("DELETE", `/v1/errors/${kept.id}`)).status).toBe(204);
  expect((await send("GET", `/v1/errors/${kept.id}`)).status).toBe(404);
});
