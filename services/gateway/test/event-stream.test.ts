import { get, type IncomingMessage } from "node:http";
import { connect } from "node:http2";
import { setImmediate } from "node:timers/promises";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { authorizationFor, fetch, sendToken } from "../../../test/support/fetch-with-token.ts";
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
  seen.cancelled = Promise.withResolvers();
});

/** Reads until the text holds what is asked for, or ends. */
async function textUntil(chunks: AsyncIterator<Uint8Array>, wanted: string): Promise<string> {
  const parts: string[] = [];
  const decoder = new TextDecoder();
  // Only where something new is: the whole may have many megabytes.
  for (let tail = ""; !tail.includes(wanted); ) {
    const { done, value } = await chunks.next();
    if (done) break;
    const part = decoder.decode(value, { stream: true });
    parts.push(part);
    tail = tail.slice(-wanted.length) + part;
  }
  return parts.join("");
}

const FIRST = `: keep-alive\nid: start\n\n`;
const eventText = (value: number) =>
  `id: t${value}\nevent: event\ndata: {"id":"e","namespace":"default","name":"line\\nbreak","value":${value}}\n\n`;
const ALL = FIRST + [0, 1, 2].map(eventText).join("");

test("a stream is answered as server-sent events, with the headers at once, until its client leaves", async () => {
  const abort = new AbortController();
  const response = await fetch(`${bed.url}/v1/events:watch?namespace=shop&timestampMin=1`, { signal: abort.signal });
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  expect(await textUntil(response.body![Symbol.asyncIterator](), ALL)).toBe(ALL);
  expect(seen.requests).toMatchObject([{ namespace: "shop", timestampMin: { seconds: 1n }, resumeToken: "" }]);
  abort.abort();
  await seen.cancelled.promise;
});

test("the same comes over HTTP/2", async () => {
  const session = connect(bed.url);
  const stream = session.request({
    ":path": "/v1/events:watch",
    ...(await authorizationFor(bed.url)),
  });
  expect(await textUntil(stream[Symbol.asyncIterator](), ALL)).toBe(ALL);
  stream.destroy();
  await seen.cancelled.promise;
  session.close();
});

test.each([
  ["/v1/events:watch", "from-header", "from-header"],
  ["/v1/events:watch?resumeToken=from-query", "from-header", "from-header"],
  ["/v1/events:watch?resume_token=from-query", "", "from-query"],
])("%s with Last-Event-ID %j resumes from %s", async (path, lastEventId, resumeToken) => {
  const response = await fetch(bed.url + path, { headers: { "last-event-id": lastEventId } });
  await response.body!.cancel();
  await seen.cancelled.promise;
  expect(seen.requests).toMatchObject([{ resumeToken }]);
});

test("what is wrong before the first byte is an error as elsewhere, named as the client sent it", async () => {
  const response = await fetch(`${bed.url}/v1/events:watch?resumeToken=wrong`);
  expect([response.status, response.headers.get("content-type")]).toEqual([400, "application/json"]);
  expect(await response.json()).toMatchObject({ code: 3, message: "resumeToken: is none" });
  // A service that takes long to say what else is wrong is not waited for.
  await eventually(async () => {
    const both = await fetch(`${bed.url}/v1/events:watch?resumeToken=wrong&timestampMin=soon`);
    const { message } = (await both.json()) as { message: string };
    expect(message).toContain("timestampMin: ");
    expect(message).toContain("resumeToken: is none");
    return true;
  });
});

test("an error after the first byte is an event, and the end", async () => {
  const response = await fetch(`${bed.url}/v1/events:watch?name=slow`);
  const text = await response.text();
  expect(text.startsWith(`${ALL}event: error\ndata: {`)).toBe(true);
  expect(JSON.parse(text.slice(ALL.length).split("data: ")[1]!)).toMatchObject({
    code: 8,
    message: "Too slow",
    details: [{ reason: "WATCHER_TOO_SLOW" }],
  });
});

test("HEAD and OPTIONS tell of the stream and open none", async () => {
  const head = await fetch(`${bed.url}/v1/events:watch`, { method: "HEAD" });
  expect([head.status, head.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  const options = await fetch(`${bed.url}/v1/events:watch`, { method: "OPTIONS" });
  expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS"]);
  expect(seen.requests).toEqual([]);
});

test("a client that does not read holds up its stream at its service, and gets the whole when it reads on", async () => {
  const headers = await authorizationFor(bed.url);
  const response = await new Promise<IncomingMessage>((resolve) => {
    get(`${bed.url}/v1/events:watch?name=endless`, { headers }, resolve);
  });
  // The service produces one message each turn of its loop: it stands still when hundreds of turns pass without one.
  let last: number | undefined;
  await eventually(async () => {
    const before = last;
    last = seen.sent;
    for (let turn = 0; turn < 500; turn++) await setImmediate();
    return last !== undefined && last > 10 && last === before && last === seen.sent ? true : undefined;
  });
  expect(seen.sent).toBeLessThan(1000);
  const stalledAt = seen.sent!;
  const text = await textUntil(response[Symbol.asyncIterator](), `id: t${stalledAt + 10}\n`);
  expect(text.match(/^id: t\d+$/gm)?.slice(0, stalledAt)).toEqual(
    Array.from({ length: stalledAt }, (_, index) => `id: t${index}`),
  );
  response.destroy();
});

test.each([
  ["Connect", () => createConnectTransport({ interceptors: [sendToken], baseUrl: bed.url, httpVersion: "1.1" })],
  [
    "Connect over HTTP/2",
    () => createConnectTransport({ interceptors: [sendToken], baseUrl: bed.url, httpVersion: "2" }),
  ],
  ["gRPC-Web", () => createGrpcWebTransport({ interceptors: [sendToken], baseUrl: bed.url, httpVersion: "1.1" })],
  ["gRPC", () => createGrpcTransport({ interceptors: [sendToken], baseUrl: bed.url })],
])("%s: a stream comes through, and is cancelled when its client leaves", async (_, transport) => {
  const client = createClient(EventService, transport());
  const tokens: string[] = [];
  const leave = new AbortController();
  const watching = (async () => {
    for await (const { resumeToken } of client.watchEvents({ name: "watched" }, { signal: leave.signal })) {
      if (tokens.push(resumeToken) === 4) leave.abort();
    }
  })();
  await expect(watching).rejects.toMatchObject({ code: Code.Canceled });
  expect(tokens).toEqual(["start", "t0", "t1", "t2"]);
  await seen.cancelled.promise;
});

test("a gateway that stops ends its streams at once, and says so", async () => {
  const stopping = await startGateway(echo(seen));
  const response = await fetch(`${stopping.url}/v1/events:watch`);
  const client = createClient(EventService, createGrpcTransport({ interceptors: [sendToken], baseUrl: stopping.url }));
  const call = client.watchEvents({})[Symbol.asyncIterator]();
  await call.next();
  const chunks = response.body![Symbol.asyncIterator]();
  await textUntil(chunks, ALL);
  const stopped = stopping.stop();
  const rest = await textUntil(chunks, "no such text");
  expect(rest).toMatch(/^event: error\ndata: \{"code":14,.*"SERVICE_UNAVAILABLE"/);
  await expect(
    (async () => {
      while (!(await call.next()).done);
    })(),
  ).rejects.toMatchObject({ rawMessage: expect.stringContaining("The gateway stops") });
  await stopped;
});
