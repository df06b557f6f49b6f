import { create, createRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, type Client as ConnectClient, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { Client, credentials, type ServiceError as GrpcError, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService, StreamEventsRequestSchema } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { clientOf } from "@ocellus/runtime/grpc-client.ts";
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

const json = {
  useBinaryFormat: false,
  jsonOptions: { registry: createRegistry(ErrorInfoSchema, BadRequestSchema, RetryInfoSchema) },
};

const TRANSPORTS: Record<string, () => Transport> = {
  "Connect JSON": () =>
    createConnectTransport({ interceptors: [sendToken], baseUrl: bed.url, httpVersion: "1.1", ...json }),
  "Connect binary": () => createConnectTransport({ interceptors: [sendToken], baseUrl: bed.url, httpVersion: "1.1" }),
  "Connect over HTTP/2": () =>
    createConnectTransport({ interceptors: [sendToken], baseUrl: bed.url, httpVersion: "2" }),
  "Connect JSON, gzipped": () =>
    createConnectTransport({
      interceptors: [sendToken],
      baseUrl: bed.url,
      httpVersion: "1.1",
      ...json,
      compressMinBytes: 0,
    }),
  "gRPC-Web": () => createGrpcWebTransport({ interceptors: [sendToken], baseUrl: bed.url, httpVersion: "1.1" }),
  gRPC: () => createGrpcTransport({ interceptors: [sendToken], baseUrl: bed.url }),
};

const ingestBy = (protocol: string): ConnectClient<typeof IngestService> =>
  createClient(IngestService, TRANSPORTS[protocol]!());

async function failure(call: Promise<unknown>): Promise<ConnectError> {
  return call.then(
    () => {
      throw new Error("the call succeeded");
    },
    (error) => ConnectError.from(error),
  );
}

let deep: object = {};
for (let level = 1; level < 32; level++) deep = { a: deep };

test.each(Object.keys(TRANSPORTS))("%s: an event with data of 32 levels comes through", async (protocol) => {
  const event = { name: "n", value: 2.5, data: deep as never, timestamp: { seconds: 5n, nanos: 7 } };
  expect((await ingestBy(protocol).trackEvent({ event })).event).toMatchObject(event);
});

test.each(Object.keys(TRANSPORTS))("%s: an error comes with its code, message and details", async (protocol) => {
  const client = ingestBy(protocol);
  const invalid = await failure(client.trackEvent({ event: { name: "", sessionId: "" } }));
  expect(invalid.code).toBe(Code.InvalidArgument);
  expect(invalid.rawMessage).toBe("event.name: must not be empty; event.session_id: must not be empty");
  expect(invalid.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "INVALID_EVENT", domain: "ocellus.dev" }]);
  expect(invalid.findDetails(BadRequestSchema)[0]?.fieldViolations.map(({ field }) => field)).toEqual([
    "event.name",
    "event.session_id",
  ]);
  const full = await failure(client.trackEvent({ event: { name: "full" } }));
  expect(full.code).toBe(Code.ResourceExhausted);
  expect(full.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 2n, nanos: 500_000_000 } }]);
});

test.each(Object.keys(TRANSPORTS))("%s: a result that holds an error comes through", async (protocol) => {
  const { results } = await ingestBy(protocol).batchTrackEvents({ events: [{ name: "" }, { name: "n" }] });
  expect(results[0]?.result).toMatchObject({
    case: "refused",
    value: { message: "events[0].name: must not be empty" },
  });
  expect(results[1]?.result.case).toBe("accepted");
});

test("Connect JSON: every field that cannot be read is named in one answer", async () => {
  const response = await fetch(`${bed.url}/${IngestService.typeName}/TrackEvent`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"event":{"name":"","foo":1,"value":"x"},"bar":2}',
  });
  expect(response.status).toBe(400);
  const { code, message } = (await response.json()) as { code: string; message: string };
  expect(code).toBe("invalid_argument");
  for (const field of ["event.name", "event.foo", "event.value", "bar"]) expect(message).toContain(`${field}: `);
  expect(seen.requests).toEqual([]);
});

test("gRPC: a stream of batches is answered batch by batch, in order", async () => {
  async function* batches() {
    for (const name of ["a", "", "c"]) yield { events: [{ name }] };
  }
  const cases: unknown[] = [];
  for await (const { results } of ingestBy("gRPC").streamEvents(batches())) cases.push(results[0]?.result.case);
  expect(cases).toEqual(["accepted", "refused", "accepted"]);
});

test("a grpc-js client without TLS is served, streams included", async () => {
  const client = new Client(`127.0.0.1:${bed.port}`, credentials.createInsecure());
  const channel = { client, close: () => client.close() };
  const metadata = await authorizationFor(bed.url);
  expect((await clientOf(SessionService, channel).getSession({ id: "a/b" }, { metadata })).session?.id).toBe("a/b");
  const sent = Promise.withResolvers<void>();
  async function* batches() {
    yield { events: [{ name: "first" }] };
    await sent.promise;
    yield { events: [{ name: "second" }] };
  }
  let count = 0;
  for await (const { results } of clientOf(IngestService, channel).streamEvents(batches(), { metadata })) {
    count += results.length;
    sent.resolve();
  }
  expect(count).toBe(2);
  const error = await clientOf(IngestService, channel)
    .trackEvent({ event: { name: "" } }, { metadata })
    .catch((reason: GrpcError) => reason);
  const [trailer] = (error as GrpcError).metadata.get("grpc-status-details-bin");
  expect(fromBinary(StatusSchema, trailer as Buffer).details).toHaveLength(2);
  channel.close();
});

test.each(["Connect binary", "gRPC-Web", "gRPC"])(
  "%s: a client that cancels cancels the call behind",
  async (protocol) => {
    const abort = new AbortController();
    const events = createClient(EventService, TRANSPORTS[protocol]!());
    const call = failure(events.getEvent({ id: "slow" }, { signal: abort.signal }));
    while (!seen.requests.includes("slow")) await new Promise(setImmediate);
    abort.abort();
    expect((await call).code).toBe(Code.Canceled);
    await seen.cancelled.promise;
  },
);

test.each(["Connect JSON", "gRPC-Web", "gRPC"])(
  "%s: a deadline holds, and cancels the call behind",
  async (protocol) => {
    const events = createClient(EventService, TRANSPORTS[protocol]!());
    // Where it passes before the service has begun nothing is cancelled there.
    for (let timeoutMs = 300; !seen.requests.includes("slow"); timeoutMs *= 3) {
      expect((await failure(events.getEvent({ id: "slow" }, { timeoutMs }))).code).toBe(Code.DeadlineExceeded);
    }
    await seen.cancelled.promise;
  },
);

test("a batch far above the default limit of gRPC messages reaches its service", async () => {
  const events = Array.from({ length: 1000 }, () => ({ name: "n", data: { text: "x".repeat(10_000) } }));
  expect((await ingestBy("gRPC").batchTrackEvents({ events })).results).toHaveLength(1000);
});

test("a method that no service has is UNIMPLEMENTED to gRPC, and not found to JSON", async () => {
  const client = new Client(`127.0.0.1:${bed.port}`, credentials.createInsecure());
  const asIs = (bytes: Buffer) => bytes;
  const error = await new Promise<GrpcError | null>((resolve) => {
    const path = "/ocellus.ingest.v1.IngestService/Nope";
    client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), new Metadata(), {}, resolve);
  });
  expect(error?.code).toBe(12);
  client.close();
  const response = await fetch(`${bed.url}/ocellus.Nope/Nope`, { method: "POST" });
  expect([response.status, ((await response.json()) as { code: number }).code]).toEqual([404, 5]);
});

const GARBAGE = Buffer.from([0xff, 0xff, 0xff]);
const enveloped = (message: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);

test("Connect binary: bytes that are no message are refused with details", async () => {
  const response = await fetch(`${bed.url}/${IngestService.typeName}/TrackEvent`, {
    method: "POST",
    headers: { "content-type": "application/proto" },
    body: GARBAGE,
  });
  expect(response.status).toBe(400);
  const { code, details } = (await response.json()) as { code: string; details: { debug: { reason?: string } }[] };
  expect([code, details[0]?.debug.reason]).toEqual(["invalid_argument", "MALFORMED_BODY"]);
});

test("gRPC-Web: bytes that are no message are refused", async () => {
  const response = await fetch(`${bed.url}/${IngestService.typeName}/TrackEvent`, {
    method: "POST",
    headers: { "content-type": "application/grpc-web+proto" },
    body: enveloped(GARBAGE),
  });
  const said = `${response.headers.get("grpc-status")} ${await response.text()}`;
  expect(said).toMatch(/^3 |grpc-status: 3/);
});

/** A grpc-js client that sends any bytes. */
function rawClient(): Client {
  return new Client(new URL(bed.url).host, credentials.createInsecure());
}
async function rawMetadata(): Promise<Metadata> {
  return Metadata.fromHttp2Headers(await authorizationFor(bed.url));
}
const asIs = (bytes: Buffer) => bytes;
const reasonOf = (error: GrpcError) => {
  const [trailer] = error.metadata.get("grpc-status-details-bin");
  return fromBinary(StatusSchema, trailer as Buffer)
    .details.map(({ value }) => Buffer.from(value).toString())
    .join();
};

test("gRPC: bytes that are no message are refused with details", async () => {
  const client = rawClient();
  const metadata = await rawMetadata();
  const error = await new Promise<GrpcError>((resolve) => {
    const path = `/${IngestService.typeName}/TrackEvent`;
    client.makeUnaryRequest(path, asIs, asIs, GARBAGE, metadata, (failed) => resolve(failed!));
  });
  client.close();
  expect(error.code).toBe(Code.InvalidArgument);
  expect(reasonOf(error)).toContain("MALFORMED_BODY");
});

test("gRPC: a message of a stream that cannot be read ends it, after those before it are answered", async () => {
  const client = rawClient();
  const stream = client.makeBidiStreamRequest(
    `/${IngestService.typeName}/StreamEvents`,
    asIs,
    asIs,
    await rawMetadata(),
  );
  const answers: unknown[] = [];
  stream.on("data", (answer) => answers.push(answer));
  const error = await new Promise<GrpcError>((resolve) => {
    stream.on("error", resolve as (error: Error) => void);
    stream.write(
      Buffer.from(toBinary(StreamEventsRequestSchema, create(StreamEventsRequestSchema, { events: [{ name: "n" }] }))),
    );
    stream.write(GARBAGE);
  });
  client.close();
  expect([error.code, answers.length]).toEqual([Code.InvalidArgument, 1]);
});

test.each(["ocellus.ingest.v1.EventErrorService/RecordEventErrors", "ocellus.ingest.v1.EventService/PurgeEvents"])(
  "%s is for the services alone",
  async (method) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${bed.url}/${method}`, { method: "POST", headers, body: "{}" });
    expect(response.status).toBe(404);
    expect(seen.requests).toEqual([]);
  },
);
