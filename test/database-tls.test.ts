import { chownSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { connectionTo } from "@ocellus/runtime/database-address.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { ensureCertificates } from "@ocellus/suite/certificates.ts";
import { DATABASE_SERVICES, withConnection } from "@ocellus/suite/database-roles.ts";
import { type IssuedCertificate, issueAuthority, issueCertificate } from "@ocellus/suite/issue-certificate.ts";
import { type Nats, startNats } from "@ocellus/suite/nats-server.ts";
import { freePort } from "@ocellus/suite/ports.ts";
import { type Postgres, startPostgres } from "@ocellus/suite/postgres.ts";
import { passwordsFile } from "@ocellus/suite/prepare-database.ts";
import { readOrCreateSecrets } from "@ocellus/suite/secrets.ts";
import { type Suite, startSuite } from "@ocellus/suite/suite.ts";
import { freeSuitePorts } from "@ocellus/suite/suite-ports.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import pg from "pg";
import { tokensOf } from "./support/client-token.ts";
import { eventually } from "./support/eventually.ts";
import { fetch, useTokens } from "./support/fetch-with-token.ts";
import { sharedNats } from "./support/shared-nats.ts";

const folder = temporaryFolder();
const ca = join(folder.path, "ca.crt");
const passwordFile = (service: string) => join(folder.path, `${service}.password`);
const gatewayFiles = tlsFilesIn(folder.path, "gateway");
const suiteFolder = join(folder.path, "suite");
let authority: IssuedCertificate;
let postgres: Postgres;
let nats: Nats;
let suite: Suite;

/** By passwords in files; the gateway comes with a certificate. */
const BY_PASSWORD = ["ingest", "sessions", "aggregation"] as const;

/** A PostgreSQL that takes nobody without TLS. */
beforeAll(async () => {
  authority = await issueAuthority();
  trust(authority);
  postgres = await startPostgres({ dataDir: join(folder.path, "postgres"), port: await freePort() });
  await certify(authority);
  own("root.crt", authority.certificate);
  own("pg_hba.conf", "hostssl all ocellus_gateway all cert\nhostssl all all all scram-sha-256\n");
  await withConnection(postgres.adminUrl, async (client) => {
    await client.query("alter system set ssl_ca_file = 'root.crt'");
    await client.query("alter system set ssl = on");
  });
  await reload(postgres.adminUrl);

  const certificates = join(suiteFolder, "certificates");
  await ensureCertificates(certificates);
  const natsFolder = join(folder.path, "nats");
  nats = await startNats({ ...sharedNats(), certificates, dataDir: natsFolder, port: await freePort() });
  const passwords = readOrCreateSecrets(passwordsFile(suiteFolder), DATABASE_SERVICES);
  const environment: Record<string, Record<string, string>> = {};
  for (const service of DATABASE_SERVICES) {
    const url = new URL(urlOf());
    url.username = `ocellus_${service}`;
    url.password = "";
    environment[service] = { DATABASE_URL: url.href };
  }
  for (const service of BY_PASSWORD) {
    writeFileSync(passwordFile(service), `${passwords[service]}\n`);
    environment[service]!.DATABASE_PASSWORD_FILE = passwordFile(service);
  }
  environment.gateway!.DATABASE_URL += `&sslcert=${gatewayFiles.cert}&sslkey=${gatewayFiles.key}`;
  const ports = await freeSuitePorts();
  const servers = { databaseUrl: urlOf(), natsUrl: nats.url };
  suite = await startSuite({ dataDir: suiteFolder, ports, ...servers, environment });
  useTokens(suite.urls.gateway, tokensOf(suite.urls.gateway, suite.administrator));
});
afterAll(async () => {
  await suite?.stop();
  await nats?.stop("SIGKILL");
  await postgres?.stop("immediate");
  folder[Symbol.dispose]();
});

/** The superuser's URL, over TLS. */
function urlOf({ host = "localhost", mode = "verify-full", root = ca } = {}): string {
  const url = new URL(postgres.adminUrl);
  url.hostname = host;
  url.searchParams.set("sslmode", mode);
  if (mode !== "disable") url.searchParams.set("sslrootcert", root);
  return url.href;
}

/** Writes a file of the server, which belongs to whom it runs as. */
function own(name: string, content: string): void {
  const data = join(folder.path, "postgres/data");
  const { uid, gid } = statSync(data);
  writeFileSync(join(data, name), content, { mode: 0o600 });
  chownSync(join(data, name), uid, gid);
}

/** Has the suite take servers with a certificate of these CAs, and of no other. */
function trust(...authorities: IssuedCertificate[]): void {
  writeFileSync(ca, authorities.map(({ certificate }) => certificate).join(""));
}

/** Gives the gateway a certificate, which names its role, and the server one. */
async function certify(signer: IssuedCertificate, name = "localhost"): Promise<void> {
  const role = await issueCertificate({ name: "ocellus_gateway", dns: ["gateway"], ip: [], server: false }, signer);
  writeFileSync(gatewayFiles.cert, role.certificate);
  writeFileSync(gatewayFiles.key, role.key);
  const issued = await issueCertificate({ name: "postgres", dns: [name], ip: [], server: true }, signer);
  own("server.crt", issued.certificate);
  own("server.key", issued.key);
}

/** Has the server read its files anew. */
const reload = (url: string) => withConnection(url, (client) => client.query("select pg_reload_conf()"));

/** Connects as the suite does. Answers the code or the message of what goes wrong. */
async function connected(url: string): Promise<string> {
  const client = new pg.Client(connectionTo({ url }));
  client.on("error", () => {});
  try {
    await client.connect();
    return "OK";
  } catch (error) {
    return (error as pg.DatabaseError).code ?? (error as Error).message;
  } finally {
    await client.end();
  }
}

/** Waits until an event has gone all the way: stored, in its session, and in the answer of an aggregate. */
async function untilCounted(name: string): Promise<void> {
  const { gateway } = suite.urls;
  const event = { id: crypto.randomUUID(), timestamp: new Date().toISOString(), name, sessionId: name };
  const body = JSON.stringify(event);
  const headers = { "content-type": "application/json" };
  await eventually(async () => {
    const { status } = await fetch(`${gateway}/v1/events`, { method: "POST", headers, body });
    return status === 201 ? true : undefined;
  });
  for (const path of [
    `/v1/events/${event.id}`,
    `/v1/sessions/${name}`,
    `/v1/aggregates/default/${name}?granularity=day&aggregationType=count`,
  ]) {
    await eventually(async () => {
      const answer = await fetch(gateway + path);
      return answer.status === 200 && (await answer.text()).includes(path.includes("aggregates") ? '"count"' : name)
        ? true
        : undefined;
    });
  }
}

test("migrations and all services come to PostgreSQL over TLS alone, with each connection that they make", async () => {
  await untilCounted("over-tls");
  const rows = await withConnection(urlOf(), async (client) => {
    const connections = await client.query<{ name: string; ssl: boolean }>(
      `select distinct application_name as name, ssl from pg_stat_activity join pg_stat_ssl using (pid)
       where usename ~ '^ocellus_'`,
    );
    return connections.rows;
  });
  expect(rows.map(({ ssl }) => ssl)).toEqual(rows.map(() => true));
  expect(rows.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["ocellus-watch", "ocellus-ingest", "ocellus-store-events", "ocellus-query-aggregates"]),
  );
});

test("a new CA, new certificates and new passwords are used by the next connections of processes that run", async () => {
  const next = await issueAuthority();
  trust(authority, next);
  await certify(next);
  own("root.crt", next.certificate);
  await reload(urlOf());
  trust(next);
  await withConnection(urlOf(), async (client) => {
    for (const service of BY_PASSWORD) {
      await client.query(`alter role ocellus_${service} password 'another'`);
    }
    await client.query("select pg_terminate_backend(pid) from pg_stat_activity where usename ~ '^ocellus_'");
  });
  // Told of it a moment later: nothing gives up meanwhile.
  await eventually(async () => {
    const { status } = await fetch(`${suite.urls.gateway}/v1/events?pageSize=1`);
    return status === 503 ? true : undefined;
  });
  for (const service of BY_PASSWORD) writeFileSync(passwordFile(service), "another");
  await untilCounted("after-rotation");
  authority = next;
});

test("nobody comes to the server without TLS, and we come to no other server than the one that is named", async () => {
  expect(await connected(urlOf())).toBe("OK");
  expect(await connected(urlOf({ mode: "disable" }))).toBe("28000");
  const foreign = join(folder.path, "foreign.crt");
  writeFileSync(foreign, (await issueAuthority()).certificate);
  expect(await connected(urlOf({ root: foreign }))).toMatch(/SELF_SIGNED|UNABLE_TO/);
  const before = urlOf();
  await certify(authority, "postgres.example");
  await withConnection(before, (client) => client.query("select pg_reload_conf()"));
  await eventually(async () => ((await connected(urlOf())) === "ERR_TLS_CERT_ALTNAME_INVALID" ? true : undefined));
});
