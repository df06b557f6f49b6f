import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { readConfig } from "@ocellus/runtime/config.ts";
import { fetch, sendToken } from "../../../test/support/fetch-with-token.ts";
import { variables } from "../src/config.ts";
import { echo } from "./echo.ts";
import { type GatewayBed, startGateway } from "./gateway-bed.ts";

const APP = "https://app.example.com";
const FOREIGN = "https://foreign.example.com";
const TRACK = "/ocellus.ingest.v1.IngestService/TrackEvent";

const beds: Record<"some" | "all" | "none", GatewayBed> = {} as never;

beforeAll(async () => {
  const behind = echo({ requests: [], kept: [], cancelled: Promise.withResolvers() });
  beds.some = await startGateway(behind, {}, ["http://localhost:3000", APP]);
  beds.all = await startGateway(behind, {}, ["*"]);
  beds.none = await startGateway(behind);
});
afterAll(async () => {
  for (const bed of Object.values(beds)) await bed.stop();
});

const ask = (bed: keyof typeof beds, path: string, origin: string, init: RequestInit = {}) =>
  fetch(beds[bed].url + path, { ...init, headers: { ...(init.headers as object), origin } });

const preflight = (bed: keyof typeof beds, path: string, origin: string, method = "POST") =>
  ask(bed, path, origin, {
    method: "OPTIONS",
    headers: {
      "access-control-request-method": method,
      "access-control-request-headers": "authorization,content-type",
    },
  });

const corsHeadersOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-")));
const listOf = (value: string | null | undefined) => (value ?? "").toLowerCase().split(/, */);

const ANSWERS: [string, string, RequestInit, number][] = [
  ["a REST answer", "/v1/sessions", {}, 200],
  [
    "a refusal of REST",
    "/v1/events",
    { method: "POST", body: "{", headers: { "content-type": "application/json" } },
    400,
  ],
  ["an unknown route", "/v1/nothing", {}, 404],
  ["a method that a route has not", "/v1/sessions", { method: "PUT" }, 405],
  ["the overview", "/", {}, 200],
  ["the API document", "/openapi.json", {}, 200],
  [
    "an answer of Connect",
    TRACK,
    { method: "POST", body: '{"event":{"name":"n"}}', headers: { "content-type": "application/json" } },
    200,
  ],
  [
    "a refusal of Connect",
    TRACK,
    { method: "POST", body: '{"colour":1}', headers: { "content-type": "application/json" } },
    400,
  ],
  ["an unknown RPC", "/ocellus.ingest.v1.IngestService/Nothing", { method: "POST" }, 404],
];

test.each(ANSWERS)("%s may be read by pages of the origin, and caches keep it apart", async (_, path, init, status) => {
  const answer = await ask("some", path, APP, init);
  expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([status, APP]);
  expect(listOf(answer.headers.get("vary"))).toContain("origin");
  expect(listOf(answer.headers.get("access-control-expose-headers"))).toEqual(
    expect.arrayContaining(["retry-after", "allow", "grpc-status", "grpc-message", "grpc-status-details-bin"]),
  );
});

test.each(ANSWERS)("%s is not shared with a foreign origin", async (_, path, init, status) => {
  const answer = await ask("some", path, FOREIGN, init);
  expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([status, null]);
  expect(listOf(answer.headers.get("vary"))).toContain("origin");
});

test.each(ANSWERS)("%s has no such headers where no origin is configured", async (_, path, init, status) => {
  const answer = await ask("none", path, APP, init);
  expect([answer.status, corsHeadersOf(answer)]).toEqual([status, {}]);
  expect(listOf(answer.headers.get("vary"))).not.toContain("origin");
});

test.each(ANSWERS)("%s is shared with every origin by *", async (_, path, init, status) => {
  const answer = await ask("all", path, FOREIGN, init);
  expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([status, "*"]);
});

test.each([
  ["REST", "/v1/events/01890a5d-ac96-774b-bcce-b302099a8057", "DELETE"],
  ["Connect and gRPC-Web", TRACK, "POST"],
  ["a path that is not there", "/v1/nothing", "PATCH"],
])("a preflight of %s is answered 204 with what the page may send", async (_, path, method) => {
  const answer = await preflight("some", path, APP, method);
  const headers = corsHeadersOf(answer);
  expect([answer.status, headers["access-control-allow-origin"]]).toEqual([204, APP]);
  expect(listOf(headers["access-control-allow-methods"])).toContain(method.toLowerCase());
  expect(listOf(headers["access-control-allow-headers"])).toEqual(
    expect.arrayContaining([
      "authorization",
      "content-type",
      "last-event-id",
      "connect-protocol-version",
      "x-grpc-web",
    ]),
  );
  expect(headers["access-control-max-age"]).toBe("7200");
  expect(listOf(answer.headers.get("vary"))).toContain("origin");
});

test("a preflight of a foreign origin allows it nothing", async () => {
  expect(corsHeadersOf(await preflight("some", TRACK, FOREIGN))).not.toHaveProperty("access-control-allow-origin");
});

test("a preflight where no origin is configured is an OPTIONS like any other", async () => {
  const answer = await preflight("none", "/v1/events", APP);
  expect([answer.status, answer.headers.get("allow"), corsHeadersOf(answer)]).toEqual([
    204,
    "GET, HEAD, OPTIONS, POST",
    {},
  ]);
});

test("an OPTIONS that is no preflight tells the methods of its path", async () => {
  const answer = await ask("some", "/v1/sessions/1", APP, { method: "OPTIONS" });
  expect([answer.status, answer.headers.get("allow"), answer.headers.get("access-control-allow-origin")]).toEqual([
    204,
    "GET, HEAD, OPTIONS",
    APP,
  ]);
});

test.each([
  ["Connect", createConnectTransport],
  ["gRPC-Web", createGrpcWebTransport],
])("a client of %s sees the headers on a call that succeeds", async (_, transportOf) => {
  const client = createClient(
    IngestService,
    transportOf({ interceptors: [sendToken], baseUrl: beds.some.url, httpVersion: "1.1" }),
  );
  const seen: Record<string, string | null> = {};
  await client.trackEvent(
    { event: { name: "n" } },
    {
      headers: { origin: APP },
      onHeader: (headers) => {
        seen.origin = headers.get("access-control-allow-origin");
      },
    },
  );
  expect(seen).toEqual({ origin: APP });
});

const read = (CORS_ORIGINS?: string) =>
  readConfig({ CORS_ORIGINS: variables.CORS_ORIGINS }, CORS_ORIGINS === undefined ? {} : { CORS_ORIGINS }).CORS_ORIGINS;

test.each([
  [undefined, []],
  ["", []],
  ["*", ["*"]],
  ["https://app.example.com", ["https://app.example.com"]],
  ["http://localhost:3000, https://[::1]:8443", ["http://localhost:3000", "https://[::1]:8443"]],
])("CORS_ORIGINS %j is read as %j", (text, expected) => {
  expect(read(text)).toEqual(expected);
});

test.each([
  "https://app.example.com/",
  "https://app.example.com/path",
  "https://App.example.com",
  "https://app.example.com:443",
  "app.example.com",
  "ftp://app.example.com",
  "null",
  "https://*.example.com",
  "https://a.example,*",
  "https://a.example,,https://b.example",
])("CORS_ORIGINS %j is refused, and the refusal says what it expects", (text) => {
  expect(() => read(text)).toThrow(/CORS_ORIGINS cannot be .*expected \* alone, or origins such as https:/);
});
