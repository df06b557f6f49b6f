import { chownSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { connectionTo } from "@ocellus/runtime/database-address.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import { issueAuthority, issueCertificate } from "@ocellus/suite/issue-certificate.ts";
import { freePort } from "@ocellus/suite/ports.ts";
import { type Postgres, startPostgres } from "@ocellus/suite/postgres.ts";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { runMigrations } from "@ocellus/suite/service-process.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import pg from "pg";
import { eventually } from "../../../../test/support/eventually.ts";

const PROGRAMS = ["migrate", "ingest", "sessions", "aggregation", "gateway"];
const shipped = (file: string) => readFileSync(join(repositoryRoot, "deploy/postgres", file), "utf8");
const folder = temporaryFolder();
let postgres: Postgres;

/** The URL that a program is given, with the certificate of another on demand. */
function urlOf(program: string, { certificate = program, sslmode = "verify-full" } = {}): string {
  const file = (name: string) => join(folder.path, name);
  const tls = new URLSearchParams({ sslmode, sslrootcert: file("ca.crt") });
  if (certificate) {
    tls.set("sslcert", file(`${certificate}.crt`));
    tls.set("sslkey", file(`${certificate}.key`));
  }
  return `postgres://ocellus_${program}@localhost:${postgres.port}/ocellus?${tls}`;
}

/** A file among the data of the server, which reads no others. */
function own(name: string, content: string): void {
  const data = join(folder.path, "postgres/data");
  const { uid, gid } = statSync(data);
  writeFileSync(join(data, name), content, { mode: 0o600 });
  chownSync(join(data, name), uid, gid);
}

/** What a query answers, or how it is refused. */
async function answerTo(url: string, text: string): Promise<unknown> {
  const client = new pg.Client(connectionTo({ url }));
  try {
    await client.connect();
    const { rows } = await client.query(text);
    return rows;
  } catch (error) {
    return (error as { code?: string }).code;
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  const authority = await issueAuthority();
  writeFileSync(join(folder.path, "ca.crt"), authority.certificate);
  for (const name of [...PROGRAMS, "billing", "server"]) {
    const subject = { name, dns: name === "server" ? ["localhost"] : [`${name}.ocellus`], ip: [], server: true };
    const { certificate, key } = await issueCertificate(subject, authority);
    writeFileSync(join(folder.path, `${name}.crt`), certificate);
    writeFileSync(join(folder.path, `${name}.key`), key, { mode: 0o600 });
  }
  postgres = await startPostgres({ dataDir: join(folder.path, "postgres"), port: await freePort() });
  await withConnection(postgres.adminUrl, async (client) => {
    await client.query(shipped("roles/roles.sql"));
    own("ca.crt", readFileSync(join(folder.path, "ca.crt"), "utf8"));
    own("server.crt", readFileSync(join(folder.path, "server.crt"), "utf8"));
    own("server.key", readFileSync(join(folder.path, "server.key"), "utf8"));
    // Here the superuser comes by TCP, and with a password.
    own("pg_hba.conf", `host all postgres 127.0.0.1/32 scram-sha-256\n${shipped("server/pg_hba.conf")}`);
    own("pg_ident.conf", shipped("server/pg_ident.conf"));
    await client.query("alter system set ssl = on");
    await client.query("alter system set ssl_ca_file = 'ca.crt'");
    await client.query("select pg_reload_conf()");
  });
  await eventually(async () => Array.isArray(await answerTo(urlOf("ingest"), "select 1")) || undefined);
});
afterAll(async () => {
  await postgres?.stop("immediate");
  folder[Symbol.dispose]();
});

test("whoever has the certificate of a program comes as its role, and nobody comes in any other way", async () => {
  const user = "select session_user as who, ssl, version from pg_stat_ssl where pid = pg_backend_pid()";
  for (const program of PROGRAMS) {
    const rows = [{ who: `ocellus_${program}`, ssl: true, version: "TLSv1.3" }];
    expect(await answerTo(urlOf(program), user)).toEqual(rows);
  }
  const REFUSED = "28000";
  expect(await answerTo(urlOf("ingest", { certificate: "gateway" }), user)).toBe(REFUSED);
  expect(await answerTo(urlOf("migrate", { certificate: "ingest" }), user)).toBe(REFUSED);
  expect(await answerTo(urlOf("ingest", { certificate: "billing" }), user)).toBe(REFUSED);
  expect(await answerTo(urlOf("ingest", { certificate: "" }), user)).toBe(REFUSED);
  expect(await answerTo(urlOf("ingest", { certificate: "", sslmode: "disable" }), user)).toBe(REFUSED);
  expect(await answerTo(urlOf("events_reader", { certificate: "ingest" }), user)).toBe(REFUSED);
});

test("the migrations run as a role that may make no roles, and each service may then do what is its own", async () => {
  expect(await answerTo(urlOf("migrate"), "create role another")).toBe("42501");
  await runMigrations({ environment: { DATABASE_URL: urlOf("migrate") } });
  expect(await runMigrations({ environment: { DATABASE_URL: urlOf("migrate") } })).toEqual([]);

  const count = (table: string) => `select count(*)::int from ${table}`;
  const some = [{ count: expect.any(Number) }];
  expect(await answerTo(urlOf("ingest"), count("ingest.outbox"))).toEqual(some);
  expect(await answerTo(urlOf("sessions"), count("sessions.sessions"))).toEqual(some);
  expect(await answerTo(urlOf("gateway"), count("access.clients"))).toEqual(some);
  for (const reader of ["sessions", "aggregation"]) {
    expect(await answerTo(urlOf(reader), count("ingest.events"))).toEqual(some);
    expect(await answerTo(urlOf(reader), "delete from ingest.events")).toBe("42501");
  }
  expect(await answerTo(urlOf("gateway"), count("ingest.events"))).toBe("42501");
});
