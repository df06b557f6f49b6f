import { readFileSync } from "node:fs";
import { connect as connectHttp2, constants } from "node:http2";
import { connect as connectTcp } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { ensureCertificates } from "@ocellus/suite/certificates.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { register } from "prom-client";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { Flag, frame, RawHttp2, requestHeaders, Type } from "../../../test/support/raw-http2.ts";
import { CertificateFiles } from "./certificate-files.ts";
import { readConfig } from "./config.ts";
import { type Channel, clientOf, openChannel } from "./grpc-client.ts";
import { type GrpcServer, startGrpcServer } from "./grpc-server.ts";
import { serve } from "./grpc-service.ts";
import { callRateOf, connectionLimitsOf, grpcLimits } from "./limit-variables.ts";
import { createLog } from "./log.ts";
import type { Rate } from "./rate-limit.ts";
import { tlsFilesIn } from "./tls.ts";

const MIB = 1024 * 1024;
const CALM = constants.NGHTTP2_ENHANCE_YOUR_CALM;
const TRACK = `/${IngestService.typeName}/TrackEvent`;
const BATCH = `/${IngestService.typeName}/BatchTrackEvents`;

const folder = temporaryFolder();
let server: GrpcServer;
const channels: Channel[] = [];
const sockets: TLSSocket[] = [];

beforeAll(() => ensureCertificates(folder.path));
afterEach(async () => {
  for (const channel of channels.splice(0)) channel.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.stop(0);
});
afterAll(() => folder[Symbol.dispose]());

/** Starts a server to which the developer is a client, and whose calls of the event "held" never end. */
async function start(settings: Record<string, string> = {}, calls?: Rate): Promise<void> {
  const config = readConfig(grpcLimits, settings);
  const handlers = {
    trackEvent: async ({ event }: { event?: { name: string } }) => {
      if (event?.name === "held") await new Promise(() => {});
      return { event };
    },
    batchTrackEvents: async () => ({ results: Array(2000).fill({}) }),
    async *streamEvents(requests: AsyncIterable<unknown>) {
      for await (const _ of requests) yield { results: [] };
    },
  };
  const service = serve(IngestService, handlers as never, { log: createLog("test", "silent") });
  server = await startGrpcServer([service], {
    host: "127.0.0.1",
    port: 0,
    certificates: new CertificateFiles(tlsFilesIn(folder.path, "ingest")),
    limits: {
      connections: connectionLimitsOf(config),
      messageBytes: config.MESSAGE_MAX_BYTES,
      calls: calls ?? callRateOf(config),
      clients: ["developer"],
    },
  });
}

function clientAs(peer: string) {
  const channel = openChannel(`127.0.0.1:${server.port}`, tlsFilesIn(folder.path, peer));
  channels.push(channel);
  return clientOf(IngestService, channel);
}

function tlsOf(peer: string) {
  const { ca, cert, key } = tlsFilesIn(folder.path, peer);
  const [caPem, certPem, keyPem] = [ca, cert, key].map((file) => readFileSync(file));
  return { ca: caPem!, cert: certPem!, key: keyPem!, servername: "localhost", ALPNProtocols: ["h2"] };
}

async function rawAs(peer: string, settings?: Uint8Array, allowHalfOpen = false): Promise<RawHttp2> {
  const socket = connectTls({
    host: "127.0.0.1",
    port: server.port,
    allowHalfOpen,
    ...tlsOf(peer),
  } as ConnectionOptions).on("error", () => {});
  sockets.push(socket);
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  return new RawHttp2(socket, settings);
}

const GRPC = { "content-type": "application/grpc", te: "trailers" };
const call = (stream: number, path = TRACK, flags: number = Flag.END_HEADERS, more: Record<string, string> = {}) =>
  frame(Type.HEADERS, flags, stream, requestHeaders(path, { ...GRPC, ...more }));

async function refused(limit: string): Promise<number> {
  const { values } = await register.getSingleMetric("ocellus_refused_by_limit_total")!.get();
  return values.find(({ labels }) => labels.limit === limit)?.value ?? 0;
}

const track = (client: ReturnType<typeof clientAs>, name = "n") => client.trackEvent({ event: { name } });
/** It is to answer an honest client, that may itself be too slow for its limits where it stands still. */
const answers = () =>
  eventually(async () => {
    expect((await track(clientAs("gateway"))).event?.name).toBe("n");
    return true;
  });

describe("calls", () => {
  test("of a client that makes too many are refused with a delay, and those of the suite's own are not", async () => {
    await start({}, { perSecond: 0.2, burst: 3 });
    const before = await refused("calls");
    const client = clientAs("developer");
    await Promise.all([track(client), track(client), track(client)]);
    const error = await errorOf(track(client));
    expect(error).toMatchObject({ code: 8, reason: "RATE_LIMITED" });
    expect(error.retryAfterSeconds).toBeGreaterThan(0);
    expect(error.retryAfterSeconds).toBeLessThanOrEqual(5);
    // Another connection has no more.
    expect(await errorOf(track(clientAs("developer")))).toMatchObject({ reason: "RATE_LIMITED" });
    expect((await refused("calls")) - before).toBe(2);
    const gateway = clientAs("gateway");
    for (let i = 0; i < 10; i++) await track(gateway);
    await eventually(async () => ((await track(client)).event ? true : undefined));
  });

  test("that are refused are so before their request was read", async () => {
    await start({}, { perSecond: 0.01, burst: 1 });
    await track(clientAs("developer"));
    const raw = await rawAs("developer");
    raw.send(call(1));
    const headers = await eventually(async () =>
      raw.frames.find(({ type, stream }) => type === Type.HEADERS && stream === 1),
    );
    expect(headers.flags & Flag.END_STREAM).toBe(Flag.END_STREAM);
  });

  test("the messages of a stream are taken as fast as its client may send them", async () => {
    await start({ CALL_RATE: "2", CALL_BURST: "1" });
    let answers = 0;
    async function* batches() {
      for (let i = 0; i < 3; i++) yield { events: [{ name: "n" }] };
    }
    const began = performance.now();
    for await (const _ of clientAs("developer").streamEvents(batches())) answers++;
    expect(answers).toBe(3);
    expect(performance.now() - began).toBeGreaterThan(700);
  });

  test("at once on one connection are refused beyond what it may have, and those that run go on", async () => {
    await start({ CONNECTION_STREAMS_MAX: "3" });
    const raw = await rawAs("developer");
    raw.send(...[1, 3, 5, 7, 9].map((stream) => call(stream)));
    await eventually(async () => raw.reset(9));
    expect([1, 3, 5, 7, 9].map((stream) => raw.reset(stream))).toEqual([
      ...Array(3).fill(undefined),
      ...Array(2).fill(constants.NGHTTP2_REFUSED_STREAM),
    ]);
  });

  test("more at once than one connection may have wait in an honest client", async () => {
    await start({ CONNECTION_STREAMS_MAX: "2" });
    const client = clientAs("developer");
    const answered = await Promise.all(Array.from({ length: 20 }, () => track(client)));
    expect(answered).toHaveLength(20);
  });
});

describe("connections", () => {
  test("more than there may be are closed", async () => {
    await start({ CONNECTIONS_MAX: "2" });
    await Promise.all([rawAs("developer"), rawAs("developer")]);
    const before = await refused("connections");
    const third = connectTcp(server.port, "127.0.0.1").on("error", () => {});
    await new Promise((resolve) => third.once("close", resolve).resume());
    expect(await refused("connections")).toBe(before + 1);
  });

  test("that never finish their TLS handshake are closed", async () => {
    await start({ HEADERS_TIMEOUT: "200ms" });
    const silent = connectTcp(server.port, "127.0.0.1").on("error", () => {});
    await new Promise((resolve) => silent.once("close", resolve).resume());
    await answers();
  });

  test("without a call are closed, though they ping", async () => {
    await start({ CONNECTION_IDLE: "200ms", CONNECTION_GRACE: "200ms", ANSWER_TIMEOUT: "200ms" });
    const raw = await rawAs("developer");
    const ping = setInterval(() => raw.send(frame(Type.PING, Flag.NONE, 0, Buffer.alloc(8))), 20);
    await raw.closed;
    clearInterval(ping);
    expect(raw.goaway()).toBe(constants.NGHTTP2_NO_ERROR);
  });

  test("that are old are taken leave of; their calls go on for a while, and are then cut off", async () => {
    await start({ CONNECTION_AGE: "200ms", CONNECTION_GRACE: "600ms" });
    const raw = await rawAs("developer");
    raw.send(call(1, `/${IngestService.typeName}/StreamEvents`));
    await eventually(async () => raw.goaway());
    expect([raw.goaway(), raw.reset(1)]).toEqual([constants.NGHTTP2_NO_ERROR, undefined]);
    await raw.closed;
    await answers();
  });
});

test("a stop does not wait for a client that keeps its side of the connection open", async () => {
  await start();
  const raw = await rawAs("developer", undefined, true);
  raw.send(call(1));
  await raw.settled();
  await server.stop(50);
});

describe("what is slow", () => {
  test.each([
    ["never comes", ""],
    ["comes byte by byte", "x"],
  ])("a request that %s is not waited for", async (_, byte) => {
    await start({ REQUEST_TIMEOUT: "300ms" });
    const raw = await rawAs("developer");
    raw.send(call(1), frame(Type.DATA, Flag.NONE, 1, Buffer.from([0, 0, 0, 3, 0])));
    const drip = setInterval(() => raw.send(frame(Type.DATA, Flag.NONE, 1, Buffer.from(byte))), 20);
    expect(await eventually(async () => raw.reset(1))).toBe(constants.NGHTTP2_CANCEL);
    clearInterval(drip);
    raw.send(call(3, `/${IngestService.typeName}/StreamEvents`));
    raw.send(call(5));
    await eventually(async () => raw.reset(5));
    expect(raw.reset(3)).toBeUndefined();
  });

  test("an answer for which the window is never opened is cut off", async () => {
    await start({ ANSWER_TIMEOUT: "300ms" });
    const raw = await rawAs("developer", Buffer.from([0, 4, 0, 0, 0, 0]));
    raw.send(call(1, BATCH), frame(Type.DATA, Flag.END_STREAM, 1, Buffer.alloc(5)));
    expect(await eventually(async () => raw.reset(1))).toBe(constants.NGHTTP2_CANCEL);
  });
});

describe("headers", () => {
  test("that are too large reset their call alone", async () => {
    await start({ HEADERS_MAX_BYTES: "4096" });
    const raw = await rawAs("developer");
    await raw.settled();
    raw.send(call(1, TRACK, Flag.END_HEADERS, { large: "x".repeat(5000) }), call(3));
    expect(await eventually(async () => raw.reset(1))).toBe(CALM);
    expect(raw.reset(3)).toBeUndefined();
    await answers();
  });

  test("that never end close the connection", async () => {
    await start();
    const raw = await rawAs("developer");
    raw.send(frame(Type.HEADERS, Flag.NONE, 1, requestHeaders(TRACK)));
    expect(await raw.flood(frame(Type.CONTINUATION, Flag.NONE, 1, Buffer.alloc(1024)))).toBeLessThan(4 * MIB);
    await answers();
  });
});

describe("a flood", () => {
  test.each<[string, Buffer]>([
    ["pings", frame(Type.PING, Flag.NONE, 0, Buffer.alloc(8))],
    ["settings", frame(Type.SETTINGS, Flag.NONE, 0)],
  ])("of %s closes the connection", async (_, bytes) => {
    await start({ PING_RATE: "10" });
    const before = await refused("pings");
    const raw = await rawAs("developer");
    await raw.flood(Buffer.concat(Array<Buffer>(50).fill(bytes)));
    expect((await refused("pings")) - before).toBe(1);
    await answers();
  });

  const cancel = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]);
  const giveUp = async (raw: RawHttp2) => {
    for (let stream = 1; stream < 1000 && raw.goaway() === undefined; stream += 2) {
      raw.send(call(stream), frame(Type.RST_STREAM, Flag.NONE, stream, cancel));
      if (stream % 50 === 1) await new Promise(setImmediate);
    }
  };

  test("of calls that are given up at once closes the connection", async () => {
    await start({ RESET_RATE: "10" });
    const raw = await rawAs("developer");
    await giveUp(raw);
    await raw.closed;
    expect(await refused("resets")).toBe(1);
    await answers();
  });

  test("of calls that the gateway gives up for its clients closes nothing", async () => {
    await start({ RESET_RATE: "10" });
    const raw = await rawAs("gateway");
    await giveUp(raw);
    raw.send(frame(Type.PING, Flag.NONE, 0, Buffer.alloc(8)));
    await eventually(async () => raw.frames.find(({ type, flags }) => type === Type.PING && flags === 1));
    expect(raw.goaway()).toBeUndefined();
  });
});

test("a message that becomes too large when it is decompressed is refused, and takes no memory", async () => {
  await start();
  // A gigabyte of zeroes in a megabyte: a gzip file may be several, one after another.
  const bomb = Buffer.concat(Array<Buffer>(64).fill(gzipSync(Buffer.alloc(16 * MIB))));
  const envelope = Buffer.alloc(5);
  envelope[0] = 1;
  envelope.writeUInt32BE(bomb.length, 1);
  const before = process.resourceUsage().maxRSS;
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, tlsOf("developer"));
  const stream = session.request({ ":method": "POST", ":path": BATCH, ...GRPC, "grpc-encoding": "gzip" });
  const answered = new Promise<Record<string, unknown>>((resolve) => stream.once("response", resolve));
  stream.on("error", () => {}).end(Buffer.concat([envelope, bomb]));
  expect((await answered)["grpc-status"]).toBe("8");
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(200 * 1024);
  session.destroy();
  await answers();
});
