import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { AuditService } from "@ocellus/proto/ocellus/access/v1/audit_service_pb.ts";
import { ClientService } from "@ocellus/proto/ocellus/access/v1/client_service_pb.ts";
import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import type { Json } from "../../../test/support/call-gateway.ts";
import { routes as plainRoutes } from "../src/plain/routes.ts";
import { echo, type Seen } from "./echo.ts";
import { type GatewayBed, startGateway } from "./gateway-bed.ts";
import { signToken } from "./test-tokens.ts";

const seen: Seen = { requests: [], kept: [], cancelled: Promise.withResolvers() };
let bed: GatewayBed;
/** Every route, by method and path, with an id where it takes one. */
let routes: [string, string][];

beforeAll(async () => {
  bed = await startGateway(echo(seen));
  const { paths } = (await (await globalThis.fetch(`${bed.url}/openapi.json`)).json()) as Json;
  const rest = Object.entries<Json>(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path]),
  );
  const plain = plainRoutes.map(({ httpMethod, template }) => [httpMethod, template.text]);
  routes = [...rest, ...plain].map(([method, path]) => [method!, path!.replace(/\{[^}]+\}/g, "1")]);
});
beforeEach(() => {
  seen.requests = [];
  bed.recorded.length = 0;
});
afterAll(() => bed.stop());

const HEADERS = { "content-type": "application/json" };
const ask = (method: string, path: string, token?: string) =>
  globalThis.fetch(bed.url + path, {
    method,
    headers: { ...HEADERS, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    ...(method !== "GET" && method !== "DELETE" && { body: "{}" }),
  });

test("without a token every route is closed, and nothing comes to any service", async () => {
  expect(routes.length).toBeGreaterThan(40);
  const answers = await Promise.all(
    routes.map(async ([method, path]) => [method, path, (await ask(method, path)).status]),
  );
  expect(answers).toEqual(routes.map(([method, path]) => [method, path, 401]));
  expect([seen.requests, seen.kept, bed.recorded]).toEqual([[], [], []]);
});

test("a token without any scope opens no route", async () => {
  const token = await signToken(bed.key, { scope: "" });
  const answers = await Promise.all(
    routes.map(async ([method, path]) => [method, path, (await ask(method, path, token)).status]),
  );
  expect(answers).toEqual(routes.map(([method, path]) => [method, path, 403]));
  expect([seen.requests, seen.kept, bed.recorded]).toEqual([[], [], []]);
});

const SERVICES = [
  IngestService,
  EventService,
  EventErrorService,
  SessionService,
  PersonService,
  AggregationService,
  ClientService,
  AuditService,
];

test("without a token every RPC is closed, whatever it is", async () => {
  const unary = SERVICES.flatMap(({ methods }) => methods).filter(({ methodKind }) => methodKind === "unary");
  expect(unary.length).toBeGreaterThan(25);
  for (const method of unary) {
    const response = await ask("POST", `/${method.parent.typeName}/${method.name}`);
    expect([method.name, response.status]).toEqual([method.name, isWithin(method.name) ? 404 : 401]);
  }
  expect(seen.requests).toEqual([]);
});

const isWithin = (name: string) => ["RecordEventErrors", "PurgeEvents"].includes(name);

test.each([
  ["GET", "/"],
  ["GET", "/docs"],
  ["GET", "/openapi.json"],
  ["OPTIONS", "/v1/events"],
])("%s %s is open", async (method, path) => {
  expect((await globalThis.fetch(bed.url + path, { method })).ok).toBe(true);
});

test.each(["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.health.v1.Health/Check"])(
  "%s is not served here, with a token or without",
  async (path) => {
    for (const token of [undefined, await signToken(bed.key)])
      expect((await ask("POST", path, token)).status).toBe(404);
  },
);

test("a body without a token is not read, however large, and its client gets no more attention", async () => {
  const body = Buffer.alloc(8 * 1024 * 1024, " ");
  const response = await globalThis.fetch(`${bed.url}/v1/events`, { method: "POST", headers: HEADERS, body });
  expect([response.status, response.headers.get("connection")]).toEqual([401, "close"]);
});

test("what cannot be undone is recorded, and nothing else", async () => {
  const token = await signToken(bed.key);
  for (const [method, path] of routes) await (await ask(method, path, token)).body?.cancel();
  expect([...new Set(bed.recorded)].sort()).toEqual([
    "CloseSessions",
    "CreateClient",
    "DeleteClient",
    "DeleteEvent",
    "DeleteEventError",
    "DeletePerson",
    "ReplayEventErrors",
    "RotateClientSecret",
    "UpdateClient",
  ]);
});
