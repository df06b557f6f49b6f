import { writeFileSync } from "node:fs";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { type Channel, clientOf, openChannel, type ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import type { TlsFiles } from "@ocellus/runtime/tls.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { suiteAuthority, writeCertificate } from "./support/certificates.ts";
import { eventually } from "./support/eventually.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

const DAY_MS = 86_400_000;
const folder = temporaryFolder();
let bed: TestBed;
let files: TlsFiles;
let channel: Channel;
let ingest: ServiceClient<typeof IngestService>;

beforeAll(async () => {
  files = await writeFiles();
  const environment = { TLS_CERT: files.cert, TLS_KEY: files.key, TLS_RELOAD_EVERY: "50ms" };
  bed = await startTestBed(["ingest"], environment);
  channel = openChannel(`127.0.0.1:${bed.ports.ingest}`, await writeCertificate(`${folder.path}/client`, gateway));
  ingest = clientOf(IngestService, channel);
});
afterAll(async () => {
  channel?.close();
  await bed?.stop();
  folder[Symbol.dispose]();
});

const gateway = { authority: suiteAuthority(), dns: ["gateway.ocellus"] };
const writeFiles = (from?: Date) =>
  writeCertificate(`${folder.path}/ingest`, {
    ...gateway,
    dns: ["ingest.ocellus", "localhost"],
    ...(from && { from }),
  });

/** The serial number of the certificate that a new connection is shown. */
function shownSerial(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ port: bed.ports.ingest, host: "127.0.0.1", rejectUnauthorized: false }, () => {
    resolve(socket.getPeerCertificate().serialNumber);
    socket.destroy();
  });
  socket.on("error", reject);
  return promise;
}

const until = (condition: () => boolean | Promise<boolean>) =>
  eventually(async () => ((await condition()) ? true : undefined));
const health = async (path: string) => (await fetch(`http://127.0.0.1:${bed.ports.ingestHealth}${path}`)).text();

test("a new certificate on disk is shown to new connections, while no call and no stream on open ones fails", async () => {
  const before = await shownSerial();
  let loading = true;
  let answered = 0;
  const load = (async () => {
    for (; loading; answered++) await ingest.trackEvent({ event: { name: "unary" } });
  })();
  const acknowledged: unknown[] = [];
  const stream = (async () => {
    for await (const answer of ingest.streamEvents(whileLoading())) acknowledged.push(answer);
  })();
  async function* whileLoading() {
    while (loading) {
      const seen = acknowledged.length;
      yield { events: [{ name: "streamed" }] };
      await until(() => acknowledged.length > seen);
    }
  }
  await until(() => answered > 10 && acknowledged.length > 1);
  await writeFiles();
  await until(async () => (await shownSerial()) !== before);
  const [calls, answers] = [answered, acknowledged.length];
  await until(() => answered > calls + 10 && acknowledged.length > answers + 1);
  loading = false;
  await Promise.all([load, stream]);
});

test("files that do not belong together are not taken, and what was there stays in use", async () => {
  const before = await shownSerial();
  writeFileSync(files.key, "no key");
  await until(async () => /^ocellus_certificate_reload_failures_total [1-9]/m.test(await health("/metrics")));
  expect(await shownSerial()).toBe(before);
  await writeFiles();
  await until(async () => (await shownSerial()) !== before);
});

test("metrics tell the days that a certificate has left, and readiness warns before it expires", async () => {
  expect(await health("/readyz")).toBe("ok\n");
  await writeFiles(new Date(Date.now() - (825 - 3) * DAY_MS));
  await until(async () => /warning: the certificate expires at 2\d\d\d-/.test(await health("/readyz")));
  const days = Number(/^ocellus_certificate_expiry_days (\S+)$/m.exec(await health("/metrics"))?.[1]);
  expect(days).toBeGreaterThan(2.9);
  expect(days).toBeLessThan(3.1);
});
