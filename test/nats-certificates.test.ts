import { cpSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { connectOperator } from "@ocellus/suite/connect-operator.ts";
import { type IssuedCertificate, issueAuthority, issueCertificate } from "@ocellus/suite/issue-certificate.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { suiteAuthority } from "./support/certificates.ts";
import { eventually } from "./support/eventually.ts";
import { sharedServers } from "./support/shared-servers.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

const SERVICES = ["ingest", "sessions", "aggregation"] as const;
const folder = temporaryFolder();
let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;

beforeAll(async () => {
  cpSync(sharedServers().certificates, folder.path, { recursive: true });
  bed = await startTestBed([...SERVICES], { TLS_RELOAD_EVERY: "50ms" }, folder.path);
  ingest = bed.client("ingest", IngestService);
});
afterAll(async () => {
  await bed?.stop();
  folder[Symbol.dispose]();
});

/** Whole or not at all, as NATS reads its files once. */
function replace(file: string, content: string): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}

/** Has everybody trust these CAs, and nobody else. */
function trust(...authorities: IssuedCertificate[]): void {
  replace(join(folder.path, "ca.crt"), authorities.map(({ certificate }) => certificate).join(""));
}

/** Gives a part of the suite another certificate. */
async function certify(part: string, signer: IssuedCertificate, name = part, from = new Date()): Promise<void> {
  const subject = { name, dns: [`${name}.ocellus`, "localhost"], ip: ["127.0.0.1"], server: true };
  const { certificate, key } = await issueCertificate(subject, signer, from);
  const files = tlsFilesIn(folder.path, part);
  replace(files.key, key);
  replace(files.cert, certificate);
}

const isReady = async (service: (typeof SERVICES)[number]) =>
  (await fetch(`http://127.0.0.1:${bed.ports[`${service}Health`]}/readyz`)).status === 200;
const untilAllReady = () =>
  eventually(async () => ((await Promise.all(SERVICES.map(isReady))).every(Boolean) ? true : undefined));

async function restartNats(): Promise<void> {
  await bed.nats.stop("SIGTERM");
  await bed.restartNats();
}

const linesOf = (name: Parameters<TestBed["logOf"]>[0], text: RegExp) =>
  bed
    .logOf(name)
    .split("\n")
    .filter((line) => text.test(line));
const until = (condition: () => boolean) => eventually(async () => condition() || undefined);

test("under load all certificates and the CA are replaced, and no accepted event is lost", async () => {
  const sent = new Set<string>();
  let loading = true;
  const load = (async () => {
    while (loading) {
      const event = { id: crypto.randomUUID(), timestamp: timestampOf(nowMicros()), name: "sent", sessionId: "one" };
      await eventually(() => ingest.trackEvent({ event }));
      sent.add(event.id);
    }
  })();
  const progress = async () => {
    const before = sent.size;
    await until(() => sent.size > before + 20);
  };
  const before = suiteAuthority();
  const next = await issueAuthority();
  await progress();

  trust(before, next);
  bed.nats.reload();
  await Promise.all([...SERVICES, "nats", "operator"].map((part) => certify(part, next)));
  bed.nats.reload();
  // It shows a certificate of the new CA, while those who are connected stay.
  trust(next);
  await eventually(async () => (await connectOperator(bed.nats.url, folder.path)).close().then(() => true));
  await progress();
  for (const service of SERVICES) expect(linesOf(service, /connection to NATS is lost/)).toEqual([]);

  bed.nats.reload();
  await restartNats();
  await untilAllReady();
  await progress();
  for (const service of SERVICES) {
    await until(() => linesOf(service, /NATS is back/).length > 0);
    expect(linesOf(service, /NATS is back/)).toHaveLength(1);
  }
  await expect(connectOperator(bed.nats.url, sharedServers().certificates)).rejects.toThrow();

  loading = false;
  await load;
  const counted = () =>
    bed.query<{ stored: number; counted: number }>(
      `select (select count(*)::int from ingest.events) as stored, event_count::int as counted from sessions.sessions`,
    );
  await eventually(async () => {
    const [row] = await counted();
    return row && row.counted >= sent.size ? true : undefined;
  });
  expect(await counted()).toEqual([{ stored: sent.size, counted: sent.size }]);
});

test("who comes with an expired certificate, or one that names nobody, comes back with the next one", async () => {
  const authority = await issueAuthority();
  trust(authority);
  await Promise.all([...SERVICES, "nats"].map((part) => certify(part, authority)));
  await certify("ingest", authority, "ingest", new Date("2020-01-01"));
  await restartNats();
  await until(() => linesOf("nats", /TLS handshake error.*expired/).length > 1);
  expect(await isReady("ingest")).toBe(false);
  await certify("ingest", authority, "stranger");
  await until(() => linesOf("nats", /authentication error/).length > 2);
  await certify("ingest", authority);
  await untilAllReady();
});
