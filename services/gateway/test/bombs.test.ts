import { connect as connectHttp2 } from "node:http2";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  BatchTrackEventsRequestSchema,
  IngestService,
  TrackEventRequestSchema,
} from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { authorizationFor, fetch } from "../../../test/support/fetch-with-token.ts";
import { echo, type Seen } from "./echo.ts";
import { type GatewayBed, startGateway } from "./gateway-bed.ts";

const MIB = 1024 * 1024;
/** A gigabyte of spaces in a megabyte: a gzip file may be several, one after another. */
const GZIP_BOMB = Buffer.concat(Array<Buffer>(64).fill(gzipSync(Buffer.alloc(16 * MIB, " "))));
const BROTLI_BOMB = brotliCompressSync(Buffer.alloc(64 * MIB, " "), { params: { 1: 1 } });
const METHOD = `/${IngestService.typeName}/TrackEvent`;

const seen: Seen = { requests: [], kept: [], cancelled: Promise.withResolvers() };
let bed: GatewayBed;
beforeAll(async () => {
  bed = await startGateway(echo(seen));
});
afterAll(() => bed.stop());
beforeEach(() => {
  seen.requests.length = 0;
});

const enveloped = (message: Uint8Array, flags: number) => {
  const envelope = Buffer.alloc(5);
  envelope[0] = flags;
  envelope.writeUInt32BE(message.length, 1);
  return Buffer.concat([envelope, message]);
};

async function post(path: string, headers: Record<string, string>, body: Uint8Array): Promise<number> {
  const response = await fetch(bed.url + path, { method: "POST", headers, body });
  await response.text();
  return response.status;
}

/** The code that a gRPC call is answered. */
async function overGrpc(path: string, encoding: string, message: Uint8Array): Promise<number> {
  const session = connectHttp2(bed.url);
  const headers = { "content-type": "application/grpc", "grpc-encoding": encoding, te: "trailers" };
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    ...headers,
    ...(await authorizationFor(bed.url)),
  });
  const code = new Promise<number>((resolve, reject) => {
    const look = (answer: Record<string, unknown>) => "grpc-status" in answer && resolve(Number(answer["grpc-status"]));
    stream.on("response", look).on("trailers", look).on("error", reject).resume();
  });
  stream.end(enveloped(message, 1));
  return code.finally(() => session.destroy());
}

/** Runs something, and fails where the process grew by more than the largest message, several times, would take. */
async function bounded<T>(work: () => Promise<T>): Promise<T> {
  const before = process.resourceUsage().maxRSS;
  const result = await work();
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(300 * 1024);
  return result;
}

describe.each([
  ["gzip", GZIP_BOMB],
  ["br", BROTLI_BOMB],
])("a bomb of %s", (encoding, bomb) => {
  const compressed = { "content-encoding": encoding };

  test.each<[string, number, () => Promise<number>]>([
    ["REST", 415, () => post("/v1/events", { ...compressed, "content-type": "application/json" }, bomb)],
    ["the plain dialect", 415, () => post("/events", { ...compressed, "content-type": "application/json" }, bomb)],
    ["Connect JSON", 400, () => post(METHOD, { ...compressed, "content-type": "application/json" }, bomb)],
    ["Connect", 400, () => post(METHOD, { ...compressed, "content-type": "application/proto" }, bomb)],
    ["gRPC", 3, () => overGrpc(METHOD, encoding, bomb)],
    ["a stream of gRPC", 3, () => overGrpc(`/${IngestService.typeName}/StreamEvents`, encoding, bomb)],
  ])("by %s is refused as soon as it is too large", async (_, code, send) => {
    expect(await bounded(send)).toBe(code);
    expect(seen.requests).toEqual([]);
    expect((await fetch(`${bed.url}/v1/events/x`)).status).toBe(200);
  });
});

describe("an honest message that is compressed", () => {
  const event = { name: "compressed" };
  const json = Buffer.from(JSON.stringify({ event }));
  const binary = toBinary(TrackEventRequestSchema, create(TrackEventRequestSchema, { event }));

  test.each(["gzip", "br"])("by %s is read", async (encoding) => {
    const compress = encoding === "gzip" ? gzipSync : brotliCompressSync;
    const headers = { "content-encoding": encoding };
    expect(await post(METHOD, { ...headers, "content-type": "application/json" }, compress(json))).toBe(200);
    expect(await post(METHOD, { ...headers, "content-type": "application/proto" }, compress(binary))).toBe(200);
    expect(await overGrpc(METHOD, encoding, compress(binary))).toBe(0);
    expect(seen.requests).toMatchObject([event, event, event]);
  });

  test("by another way than its headers say is the client's fault", async () => {
    const headers = { "content-encoding": "gzip" };
    expect(await post(METHOD, { ...headers, "content-type": "application/json" }, json)).toBe(400);
    expect(await overGrpc(METHOD, "gzip", binary)).toBe(3);
  });
});

test("what is decompressed counts among the bytes in hand", async () => {
  const held = Promise.withResolvers<void>();
  const behind = echo(seen);
  behind.ingest.batchTrackEvents = async ({ events }) => {
    seen.requests.push(events.length);
    await held.promise;
    return { results: events.map(() => ({})) };
  };
  const small = await startGateway(behind, {}, [], { gateway: { BODIES_MAX_BYTES: String(8 * MIB) } });
  const data = { text: "x".repeat(3 * MIB) };
  const request = create(BatchTrackEventsRequestSchema, { events: [{ name: "n", data }] });
  const body = gzipSync(toBinary(BatchTrackEventsRequestSchema, request));
  const send = () =>
    fetch(`${small.url}/${IngestService.typeName}/BatchTrackEvents`, {
      method: "POST",
      headers: { "content-type": "application/proto", "content-encoding": "gzip" },
      body,
    });
  const taken = [send(), send()];
  await eventually(async () => seen.requests.length === 2 || undefined);
  expect((await send()).status).toBe(429);
  held.resolve();
  expect((await Promise.all(taken)).map(({ status }) => status)).toEqual([200, 200]);
  await small.stop();
});

describe("JSON that nests deeper than is parsed", () => {
  const lists = "[".repeat(2_000_000);
  const objects = '{"a":'.repeat(500_000);
  test.each([
    ["POST", "/v1/events", lists],
    ["POST", "/v1/events", `[{"name":"n","data":${objects}`],
    ["POST", "/v1/persons", objects],
    ["PATCH", "/v1/events/x", objects],
    ["POST", "/events", lists],
    ["POST", "/api/track", objects],
    ["POST", METHOD, lists],
    ["POST", METHOD, `{"event":{"data":${objects}`],
  ])("is refused: %s %s", async (method, path, body) => {
    const headers = { "content-type": "application/json" };
    const response = await bounded(() => fetch(bed.url + path, { method, headers, body }));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("must be JSON of at most 1000 levels");
    expect(seen.requests).toEqual([]);
  });
});
