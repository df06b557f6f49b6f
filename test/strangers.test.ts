import { connect as connectTo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { natsOptions } from "@ocellus/runtime/nats-options.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import { type ConnectionOptions, connect as connectNats, type NatsConnection, type NatsError } from "nats";
import pg from "pg";
import { registerClient } from "./support/access.ts";
import { askForToken, type Credentials } from "./support/client-token.ts";
import { documentedTable } from "./support/documented-table.ts";
import { fetch } from "./support/fetch-with-token.ts";
import { natsUser } from "./support/shared-nats.ts";
import { sharedServers } from "./support/shared-servers.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;
let client: Credentials;
let revoked: Credentials;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"]);
  client = await registerClient(bed.url, { scopes: ["read"] });
  revoked = await registerClient(bed.url);
  await fetch(`${bed.url}/v1/clients/${revoked.id}`, { method: "DELETE" });
});
afterAll(() => bed?.stop());

const HEALTH = ["ingestHealth", "sessionsHealth", "aggregationHealth", "gatewayHealth"] as const;

/** What a token request is made of; a parameter that is undefined is left out. */
interface TokenRequest {
  credentials?: Credentials;
  parameters?: Record<string, string | undefined>;
}

const TOKEN_REQUESTS: Record<string, () => TokenRequest> = {
  "no credentials": () => ({}),
  "an unknown client": () => ({ credentials: { ...client, id: "nobody" } }),
  "a wrong secret": () => ({ credentials: { ...client, secret: "wrong" } }),
  "an empty secret": () => ({ credentials: { ...client, secret: "" } }),
  "another client's secret": () => ({ credentials: { ...client, secret: bed.administrator.secret } }),
  "a revoked client": () => ({ credentials: revoked }),
  "another grant": () => ({ credentials: client, parameters: { grant_type: "password" } }),
  "no grant": () => ({ credentials: client, parameters: { grant_type: undefined } }),
  "a scope that is not its own": () => ({ credentials: client, parameters: { scope: "read admin" } }),
  "a scope that is none": () => ({ credentials: client, parameters: { scope: "everything" } }),
  "another audience": () => ({ credentials: client, parameters: { resource: "https://elsewhere.example" } }),
};

/** The ways in which a client says who it is. */
const TOKEN_WAYS: Record<string, (request: TokenRequest) => RequestInit> = {
  Basic: ({ credentials, parameters }) => ({
    body: form(parameters),
    ...(credentials && {
      headers: {
        authorization: `Basic ${Buffer.from(`${credentials.id}:${credentials.secret}`).toString("base64")}`,
      },
    }),
  }),
  "in the body": ({ credentials, parameters }) => ({
    body: form({ ...parameters, client_id: credentials?.id, client_secret: credentials?.secret }),
  }),
};

function form(parameters: Record<string, string | undefined> = {}): URLSearchParams {
  const all = { grant_type: "client_credentials", ...parameters };
  return new URLSearchParams(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

const tokenTable = documentedTable("who asks for a token");

test("docs/security.md tells of every token request, in each way", () => {
  expect(tokenTable.rows).toEqual(Object.keys(TOKEN_REQUESTS));
  expect(tokenTable.columns).toEqual(Object.keys(TOKEN_WAYS));
});

test.each(tokenTable.cells)("who asks for a token with %s (%s) is answered %s", async (caller, way, answer) => {
  const init = TOKEN_WAYS[way]!(TOKEN_REQUESTS[caller]!());
  const response = await globalThis.fetch(`${bed.url}/oauth2/token`, { ...init, method: "POST" });
  const body = (await response.json()) as { error?: string };
  expect(`${response.status} ${body.error}`).toBe(answer);
  expect(body).not.toHaveProperty("access_token");
});

test("a registered client gets a token, in each way", async () => {
  expect((await askForToken(bed.url, client)).status).toBe(200);
  const init = TOKEN_WAYS["in the body"]!({ credentials: client });
  expect((await globalThis.fetch(`${bed.url}/oauth2/token`, { ...init, method: "POST" })).status).toBe(200);
});

const healthAnswers = async (paths: string[], method: string) => {
  const ports = HEALTH.map((name) => bed.ports[name]);
  const asked = ports.flatMap((port) => paths.map((path) => `http://127.0.0.1:${port}${path}`));
  return distinct(asked.map(async (url) => String((await globalThis.fetch(url, { method })).status)));
};

/** The URL of this bed's database for a role, where it is not the superuser's. */
function databaseUrl(role: string, password: string): string {
  const url = new URL(bed.adminUrl);
  url.username = role;
  url.password = password;
  return url.href;
}

const queried = (url: string, query: string) =>
  withConnection(url, (connection) => connection.query(query)).then(
    () => "OK",
    ({ code }: pg.DatabaseError) => String(code),
  );

/** Tables that belong to another service than the role's. */
const FOREIGN = [
  ["ingest", "sessions.sessions"],
  ["sessions", "ingest.event_errors"],
  ["aggregation", "sessions.persons"],
  ["gateway", "ingest.events"],
  ...["ingest", "sessions", "aggregation"].flatMap((role) => [
    [role, "access.signing_keys"],
    [role, "access.clients"],
  ]),
] as const;

/** Those who come to a port of the suite, and what they are answered. */
const COMERS: Record<string, () => Promise<string>> = {
  "any port, but to another address than 127.0.0.1": () =>
    distinct(allPorts().map(async (port) => ((await isOpen("127.0.0.2", port)) ? "open" : "no connection"))),
  "a health port, `GET` of `/livez`, `/readyz`, `/metrics`": () =>
    healthAnswers(["/livez", "/readyz", "/metrics"], "GET"),
  "a health port, with anything else": () =>
    healthAnswers(
      ["/", "/metrics/", "/livez/x", "/config", "/v1/events", "/ocellus.ingest.v1.EventService/ListEvents"],
      "POST",
    ),
  "PostgreSQL, without a password": async () => {
    const { hostname: host, port, pathname } = new URL(bed.adminUrl);
    const database = pathname.slice(1);
    const password = () => {
      throw new Error("asks for it");
    };
    const stranger = new pg.Client({ host, port: Number(port), database, user: "ocellus_ingest", password });
    return stranger.connect().then(
      () => "OK",
      ({ message }) => message,
    );
  },
  "PostgreSQL, with a wrong password": () => queried(databaseUrl("ocellus_ingest", "wrong"), "select 1"),
  "PostgreSQL, as a role that is none": () => queried(databaseUrl("nobody", "wrong"), "select 1"),
  "PostgreSQL, with one service's role at what is another's": () =>
    distinct(
      FOREIGN.map(([role, table]) =>
        queried(databaseUrl(`ocellus_${role}`, sharedServers().password), `select from ${table} limit 1`),
      ),
    ),
  "NATS, without a certificate of the CA": () =>
    distinct([undefined, { caFile: join(bed.certificates, "ca.crt") }].map((tls) => streamsAskedFor({ tls }))),
  "NATS, with the certificate of the gateway, or of your own services": () =>
    distinct(["gateway", "developer"].map((name) => streamsAskedFor(natsOptions(natsUser(bed.nats.url, name))))),
  "NATS, with one service's certificate at what is another's": () =>
    distinct(["sessions", "aggregation"].map((name) => streamsAskedFor(natsOptions(natsUser(bed.nats.url, name))))),
};

/** What NATS answers to who asks for the stream of events. */
async function streamsAskedFor(options: ConnectionOptions): Promise<string> {
  let connection: NatsConnection;
  try {
    connection = await connectNats({
      ...options,
      name: "stranger",
      servers: bed.nats.url,
      reconnect: false,
      timeout: 20_000,
    });
  } catch {
    return "no connection";
  }
  const asked = connection.jetstreamManager().then((manager) => manager.streams.info("EVENTS"));
  return asked
    .then(
      () => "OK",
      ({ code }: NatsError) => code,
    )
    .finally(() => connection.close());
}

const allPorts = () => {
  const { postgres: _, ...own } = bed.ports;
  return [...Object.values(own), Number(new URL(bed.adminUrl).port)];
};

function isOpen(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connectTo({ host, port, timeout: 20_000 });
  socket.on("connect", () => resolve(true));
  for (const event of ["error", "timeout"]) socket.on(event, () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** All that was answered, each once. */
async function distinct(answers: Promise<string>[]): Promise<string> {
  return [...new Set(await Promise.all(answers))].join(", ");
}

const portTable = documentedTable("who comes to");

test("docs/security.md tells of all who come to a port", () => {
  expect(portTable.rows).toEqual(Object.keys(COMERS));
});

test.each(portTable.cells)("who comes to %s %s: %s", async (comer, _, answer) => {
  expect(await COMERS[comer]!()).toBe(answer);
});

test("every port is open at 127.0.0.1, to be sure that it is the address that matters", async () => {
  expect(await distinct(allPorts().map(async (port) => String(await isOpen("127.0.0.1", port))))).toBe("true");
});

test("health ports tell of no event, no client, and nothing that is secret", async () => {
  const headers = { "content-type": "application/json" };
  const event = { namespace: "a-secret-place", personId: "a-secret-person", name: "a-secret-deed" };
  await fetch(`${bed.url}/v1/events`, { method: "POST", headers, body: JSON.stringify(event) });
  await fetch(`${bed.url}/v1/events?namespace=a-secret-place`);
  for (const name of HEALTH) {
    for (const path of ["/livez", "/readyz", "/metrics"]) {
      const told = await (await globalThis.fetch(`http://127.0.0.1:${bed.ports[name]}${path}`)).text();
      for (const secret of ["a-secret", client.id, client.secret, bed.administrator.secret, "postgres://"])
        expect(told).not.toContain(secret);
    }
  }
});
