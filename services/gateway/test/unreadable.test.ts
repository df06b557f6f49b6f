import { gzipSync } from "node:zlib";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { fetch, sendToken } from "../../../test/support/fetch-with-token.ts";
import { echo, type Seen } from "./echo.ts";
import { type GatewayBed, startGateway } from "./gateway-bed.ts";

const seen: Seen = { requests: [], kept: [], cancelled: Promise.withResolvers() };
let bed: GatewayBed;

beforeAll(async () => {
  bed = await startGateway(echo(seen));
});
afterAll(() => bed.stop());

const TRACK = `${IngestService.typeName}/TrackEvent`;
const WATCH = `${EventService.typeName}/WatchEvents`;
const GARBAGE = Buffer.of(0xff, 0xff, 0xff);
/** A key that half a surrogate pair is a part of. */
const UNPAIRED = Buffer.from('{"\\udfff":null}');

function enveloped(message: Buffer, flags = 0): Buffer {
  const head = Buffer.of(flags, 0, 0, 0, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

test.each<[string, string, Record<string, string>, Buffer]>([
  ["gRPC-Web of a stream", WATCH, { "content-type": "application/grpc-web+proto" }, enveloped(GARBAGE)],
  ["Connect of a stream", WATCH, { "content-type": "application/connect+proto" }, enveloped(GARBAGE)],
  ["Connect of a stream in JSON", WATCH, { "content-type": "application/connect+json" }, enveloped(GARBAGE)],
  [
    "two messages",
    TRACK,
    { "content-type": "application/grpc-web" },
    Buffer.concat([enveloped(Buffer.alloc(0)), enveloped(GARBAGE)]),
  ],
  ["half a message", TRACK, { "content-type": "application/grpc-web" }, enveloped(Buffer.alloc(20)).subarray(0, 12)],
  [
    "what is not compressed",
    TRACK,
    { "content-type": "application/grpc-web", "grpc-encoding": "gzip" },
    enveloped(GARBAGE, 1),
  ],
  [
    "what is compressed, and no message",
    TRACK,
    { "content-type": "application/grpc-web", "grpc-encoding": "gzip" },
    enveloped(gzipSync(GARBAGE), 1),
  ],
  [
    "what is too large once it is not compressed any more",
    TRACK,
    { "content-type": "application/proto", "content-encoding": "gzip" },
    gzipSync(Buffer.alloc(33 * 1024 * 1024)),
  ],
  [
    "JSON that is not compressed",
    TRACK,
    { "content-type": "application/json", "content-encoding": "br" },
    Buffer.from("{}"),
  ],
  ["a name that UTF-8 cannot carry", TRACK, { "content-type": "application/grpc+json" }, enveloped(UNPAIRED)],
])("%s is refused, and no fault of ours", async (_, path, headers, body) => {
  const response = await fetch(`${bed.url}/${path}`, { method: "POST", headers, body });
  const said = [...response.headers].map((pair) => pair.join(": ")).join("\n") + (await response.text());
  expect(said).toMatch(/grpc-status: 3|"code":"invalid_argument"/);
});

test.each([
  ["Connect", () => createConnectTransport({ ...compressed(), httpVersion: "1.1" })],
  ["Connect in JSON", () => createConnectTransport({ ...compressed(), httpVersion: "1.1", useBinaryFormat: false })],
  ["gRPC-Web", () => createGrpcWebTransport({ ...compressed(), httpVersion: "1.1" })],
  ["gRPC", () => createGrpcTransport(compressed())],
  ["gRPC in JSON", () => createGrpcTransport({ ...compressed(), useBinaryFormat: false })],
])("%s: what is compressed as it says is taken", async (_, transport) => {
  const event = { name: "n".repeat(100), value: 2.5 };
  expect((await createClient(IngestService, transport()).trackEvent({ event })).event).toMatchObject(event);
});

const compressed = () => ({
  baseUrl: bed.url,
  interceptors: [sendToken],
  sendCompression: compressionGzip,
  compressMinBytes: 0,
});

test("a message that is no text in a header is told all the same", async () => {
  const transport = createGrpcTransport({ baseUrl: bed.url, interceptors: [sendToken], useBinaryFormat: false });
  const call = createClient(IngestService, transport).trackEvent({ event: { name: "\udfff" } });
  expect(ConnectError.from(await call.catch((error) => error)).code).toBe(Code.InvalidArgument);
});

test("a deadline that lies years ahead is none", async () => {
  const headers = { "content-type": "application/json", "connect-timeout-ms": "9999999999" };
  const body = '{"event":{"name":"n"}}';
  expect((await fetch(`${bed.url}/${TRACK}`, { method: "POST", headers, body })).status).toBe(200);
});
