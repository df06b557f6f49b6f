import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { type ChannelCredentials, Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import type { AnyService } from "@ocellus/runtime/handlers.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { AGGREGATION_PEERS } from "../services/aggregation/src/peers.ts";
import { EVENT_ERROR_PEERS, EVENT_PEERS, INGEST_PEERS } from "../services/ingest/src/peers.ts";
import { PERSON_PEERS, SESSION_PEERS } from "../services/sessions/src/peers.ts";
import { foreignAuthority, suiteAuthority, type Wanted, writeCertificate } from "./support/certificates.ts";
import { documentedTable } from "./support/documented-table.ts";
import { answerTo, type RawMethod } from "./support/grpc-answer.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

const DAY_MS = 86_400_000;
const PEERS = ["gateway", "ingest", "sessions", "aggregation", "developer"];
const PORTS = ["ingest", "sessions", "aggregation"] as const;

interface Method extends RawMethod {
  port: (typeof PORTS)[number];
  /** The peers that may call it. */
  allowed: readonly string[];
}

const methodsOf = (service: AnyService, port: Method["port"], peers: Record<string, readonly string[]>) =>
  service.methods.map(({ name, localName, methodKind }) => ({
    path: `/${service.typeName}/${name}`,
    kind: methodKind as Method["kind"],
    request: Buffer.alloc(0),
    port,
    allowed: peers[localName]!.flatMap((peer) => (peer === "*client" ? ["developer"] : [peer])),
  }));
/** What is for everybody with a certificate has no wrong peer: all of them are tried as if they were. */
const forEverybody = (method: RawMethod) => PORTS.map((port): Method => ({ ...method, port, allowed: [] }));

/** Every method of each entry point: they must be answered alike. */
const ENTRY_POINTS: Record<string, Method[]> = {
  IngestService: methodsOf(IngestService, "ingest", INGEST_PEERS),
  EventService: methodsOf(EventService, "ingest", EVENT_PEERS),
  EventErrorService: methodsOf(EventErrorService, "ingest", EVENT_ERROR_PEERS),
  SessionService: methodsOf(SessionService, "sessions", SESSION_PEERS),
  PersonService: methodsOf(PersonService, "sessions", PERSON_PEERS),
  AggregationService: methodsOf(AggregationService, "aggregation", AGGREGATION_PEERS),
  health: forEverybody({ path: "/grpc.health.v1.Health/Check", kind: "unary", request: Buffer.alloc(0) }),
  reflection: forEverybody({
    path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    kind: "bidi_streaming",
    // list_services
    request: Buffer.from([0x3a, 0]),
  }),
};

const folder = temporaryFolder();
const clients: Client[] = [];
let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation"]);
});
afterAll(async () => {
  for (const client of clients) client.close();
  await bed?.stop();
  folder[Symbol.dispose]();
});

/** With a certificate of the suite's CA that names the gateway, but for what the caller has instead. */
async function certified(wanted: Partial<Wanted> = {}, tls: object = {}): Promise<ChannelCredentials> {
  const usual = { authority: suiteAuthority(), dns: ["gateway.ocellus"] };
  const files = await writeCertificate(`${folder.path}/${Math.random()}`, { ...usual, ...wanted });
  const [ca, cert, key] = [files.ca, files.cert, files.key].map((file) => readFileSync(file));
  return credentials.createFromSecureContext(createSecureContext({ ca, cert, key, ...tls }));
}

const peers = new Map<string, Promise<ChannelCredentials>>();
function peer(name: string): Promise<ChannelCredentials> {
  if (!peers.has(name)) peers.set(name, certified({ dns: [`${name}.ocellus`] }));
  return peers.get(name)!;
}

type Callers = (method: Method) => Promise<ChannelCredentials>[];
/** The same to every method. */
function always(make: () => Promise<ChannelCredentials>): Callers {
  let caller: Promise<ChannelCredentials> | undefined;
  return () => {
    caller ??= make();
    return [caller];
  };
}

/** Those who call a method, by what is wrong with them. */
const CALLERS: Record<string, Callers> = {
  "no TLS": always(async () => credentials.createInsecure()),
  "TLS 1.2": always(() => certified({}, { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" })),
  "no certificate": always(() => certified({}, { cert: undefined, key: undefined })),
  "foreign CA": always(async () => certified({ authority: await foreignAuthority() })),
  expired: always(() => certified({ from: new Date("2020-01-01") })),
  "not yet valid": always(() => certified({ from: new Date(Date.now() + DAY_MS) })),
  "name of another domain": always(() => certified({ dns: ["gateway.example"] })),
  "name that holds a peer's": always(() => certified({ dns: ["x,DNS:gateway.ocellus"] })),
  "name below a peer's": always(() => certified({ dns: ["evil.gateway.ocellus"] })),
  "name of no peer": always(() => peer("stranger")),
  "wrong peer": ({ allowed }) => PEERS.filter((name) => !allowed.includes(name)).map(peer),
};

async function answered(method: Method, caller: Promise<ChannelCredentials>): Promise<string> {
  const target = { "grpc.ssl_target_name_override": "localhost" };
  const client = new Client(`127.0.0.1:${bed.ports[method.port]}`, await caller, target);
  clients.push(client);
  return answerTo(client, method);
}

const table = documentedTable("peer");

test("docs/security.md tells of every caller at every service", () => {
  expect(table.rows).toEqual(Object.keys(CALLERS));
  expect(table.columns).toEqual(Object.keys(ENTRY_POINTS));
});

test.each(table.cells)("a caller with %s at %s is answered: %s", async (caller, entryPoint, answer) => {
  const calls = ENTRY_POINTS[entryPoint]!.flatMap((method) =>
    CALLERS[caller]!(method).map(async (wrong) => [method.port, method.path, await answered(method, wrong)]),
  );
  const answers = await Promise.all(calls);
  expect(answers.length).toBeGreaterThan(0);
  expect(answers).toEqual(answers.map(([port, path]) => [port, path, answer]));
});

test.each(Object.entries(ENTRY_POINTS))("all who may call %s are let in", async (_, methods) => {
  const calls = methods.flatMap((method) =>
    method.allowed.map(async (name) => [method.path, name, await answered(method, peer(name))]),
  );
  for (const [path, name, answer] of await Promise.all(calls)) {
    expect([path, name, answer]).not.toEqual([path, name, expect.stringMatching(/no connection|^PermissionDenied/)]);
  }
});
