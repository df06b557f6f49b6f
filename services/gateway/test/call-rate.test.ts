import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ErrorInfoSchema, RetryInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { register } from "prom-client";
import { eventually } from "../../../test/support/eventually.ts";
import { echo, type Seen } from "./echo.ts";
import { type GatewayBed, startGateway } from "./gateway-bed.ts";
import { signToken } from "./test-tokens.ts";

/** Each client may make one call a second. */
const LIMITED = { CALL_RATE: "1", CALL_BURST: "1" };

const seen: Seen = { requests: [], kept: [], cancelled: Promise.withResolvers() };
let bed: GatewayBed;
beforeAll(async () => {
  bed = await startGateway(echo(seen), {}, [], { gateway: LIMITED });
});
afterAll(() => bed.stop());

const tokenOf = (client: string, claims: object = {}) =>
  signToken(bed.key, { client_id: client, sub: client, ...claims });

/** What a refused call says: how it is refused, why, and in how many seconds to call again. */
interface Refusal {
  code: string | number;
  reason: string | undefined;
  retryAfter: number;
}

async function overHttp(token: string, method: string, path: string, body?: unknown): Promise<Refusal> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(bed.url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  if (response.ok) {
    await response.body?.cancel();
    return { code: "OK", reason: undefined, retryAfter: 0 };
  }
  const { details } = (await response.json()) as { details: { reason?: string; retryDelay?: string }[] };
  const delay = details.find(({ retryDelay }) => retryDelay)?.retryDelay ?? "0s";
  expect(response.headers.get("retry-after")).toBe("1");
  return { code: response.status, reason: details[0]!.reason, retryAfter: Number(delay.slice(0, -1)) };
}

async function overRpc(transport: Transport, call: (transport: Transport) => Promise<unknown>): Promise<Refusal> {
  try {
    await call(transport);
    return { code: "OK", reason: undefined, retryAfter: 0 };
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const [retry] = error.findDetails(RetryInfoSchema);
    return {
      code: Code[error.code],
      reason: error.findDetails(ErrorInfoSchema)[0]?.reason,
      retryAfter: Number(retry?.retryDelay?.seconds) + (retry?.retryDelay?.nanos ?? 0) / 1e9,
    };
  }
}

const bearer =
  (token: string): Interceptor =>
  (next) =>
  (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
const TRANSPORTS = {
  Connect: (interceptors: Interceptor[]) =>
    createConnectTransport({ baseUrl: bed.url, httpVersion: "1.1", interceptors }),
  "Connect JSON": (interceptors: Interceptor[]) =>
    createConnectTransport({ baseUrl: bed.url, httpVersion: "2", useBinaryFormat: false, interceptors }),
  "gRPC-Web": (interceptors: Interceptor[]) =>
    createGrpcWebTransport({ baseUrl: bed.url, httpVersion: "1.1", interceptors }),
  gRPC: (interceptors: Interceptor[]) => createGrpcTransport({ baseUrl: bed.url, interceptors }),
};
const unary = (transport: Transport) => createClient(EventService, transport).getEvent({ id: "x" });
const watch = async (transport: Transport) => {
  const abort = new AbortController();
  for await (const _ of createClient(EventService, transport).watchEvents({}, { signal: abort.signal })) break;
  abort.abort();
};

/** Every way in. */
const WAYS: [string, number | string, (token: string) => Promise<Refusal>][] = [
  ["REST", 429, (token) => overHttp(token, "GET", "/v1/events/x")],
  ["a single event of REST", 429, (token) => overHttp(token, "POST", "/v1/events", { name: "n" })],
  ["a batch of REST", 429, (token) => overHttp(token, "POST", "/v1/events", [{ name: "n" }])],
  ["the event stream", 429, (token) => overHttp(token, "GET", "/v1/events:watch")],
  ["the plain dialect", 429, (token) => overHttp(token, "GET", "/events/x")],
  ...Object.entries(TRANSPORTS).flatMap(([name, transportOf]): typeof WAYS => [
    [name, "ResourceExhausted", (token) => overRpc(transportOf([bearer(token)]), unary)],
    [`${name}, a stream`, "ResourceExhausted", (token) => overRpc(transportOf([bearer(token)]), watch)],
  ]),
];

/** On a busy machine a call may take so long that the next one is due. */
const untilRefused = (call: () => Promise<Refusal>): Promise<Refusal> =>
  eventually(async () => {
    const answer = await call();
    return answer.code === "OK" ? undefined : answer;
  });

test.each(WAYS)("%s: who calls too often is refused, and told when to call again", async (_, code, call) => {
  const token = await tokenOf(randomUUID());
  expect((await call(token)).code).toBe("OK");
  const { retryAfter, ...refusal } = await untilRefused(() => call(token));
  expect(refusal).toEqual({ code, reason: "RATE_LIMITED" });
  expect(retryAfter).toBeGreaterThan(0);
  expect(retryAfter).toBeLessThanOrEqual(1);
});

test("all tokens of a client count together, by whichever way they come, and those of others do not", async () => {
  const id = randomUUID();
  const [first, second, other] = [await tokenOf(id), await tokenOf(id, { scope: "read" }), await tokenOf(randomUUID())];
  expect(first).not.toBe(second);
  const get = (token: string) => overHttp(token, "GET", "/v1/events/x");
  expect((await get(first)).code).toBe("OK");
  expect((await untilRefused(() => get(second))).code).toBe(429);
  const grpc = () => overRpc(TRANSPORTS.gRPC([bearer(second)]), unary);
  expect((await untilRefused(grpc)).code).toBe("ResourceExhausted");
  expect((await get(other)).code).toBe("OK");
  await eventually(async () => ((await get(second)).code === "OK" ? true : undefined));
});

test("nothing of the body is waited for, and nothing reaches a service", async () => {
  const token = await tokenOf(randomUUID());
  let before = 0;
  const answer = await eventually(async () => {
    await untilRefused(() => overHttp(token, "GET", "/v1/events/x"));
    before = seen.requests.length;
    const socket = connect(bed.port, "127.0.0.1");
    socket.write(
      `POST /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n`,
    );
    const answered = new Promise<string>((resolve) => socket.once("data", (chunk) => resolve(String(chunk))));
    // Without an answer the next call was due meanwhile, and its body is waited for.
    return Promise.race([answered, sleep(3000, undefined)]).finally(() => socket.destroy());
  });
  expect(answer).toMatch(/^HTTP\/1.1 429 /);
  expect(seen.requests.length).toBe(before);
});

test("the messages of a stream are taken as fast as its client may send them", async () => {
  const token = await tokenOf(randomUUID());
  const client = createClient(IngestService, TRANSPORTS.gRPC([bearer(token)]));
  let answers = 0;
  async function* batches() {
    for (let i = 0; i < 3; i++) yield { events: [{ name: "n" }] };
  }
  const start = performance.now();
  for await (const _ of client.streamEvents(batches())) answers++;
  expect(answers).toBe(3);
  expect(performance.now() - start).toBeGreaterThan(1500);
});

test("what is refused is counted", async () => {
  const { values } = await register.getSingleMetric("ocellus_refused_by_limit_total")!.get();
  expect(values.find(({ labels }) => labels.limit === "calls")!.value).toBeGreaterThanOrEqual(WAYS.length);
});
