import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { startBackgroundProcess } from "@ocellus/suite/background-process.ts";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { eventually } from "./support/eventually.ts";
import { sharedServers } from "./support/shared-servers.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

/** Below half of the half minute for which the client of NATS would rest by itself. */
const SOON_MS = 12_000;

const folder = temporaryFolder();
let bed: TestBed;
beforeAll(async () => {
  bed = await startTestBed(["ingest"]);
});
afterAll(async () => {
  await bed.stop();
  folder[Symbol.dispose]();
});

/** NATS for the same users on the same port, whose JetStream is not there. It logs each message. */
async function startWithoutJetStream() {
  const { natsServer, certificates } = sharedServers();
  const { ca, cert, key } = tlsFilesIn(certificates, "nats");
  const config = join(folder.path, "nats-server.conf");
  const users = relative(folder.path, join(repositoryRoot, "deploy/nats/users.conf"));
  writeFileSync(
    config,
    `listen: "127.0.0.1:${bed.ports.nats}"
    trace: true
    tls { ca_file: "${ca}", cert_file: "${cert}", key_file: "${key}", verify_and_map: true }
    include "${users}"`,
  );
  const logFile = join(folder.path, "nats-server.log");
  const server = await startBackgroundProcess({
    name: "nats-server",
    command: natsServer,
    args: ["--config", config],
    environment: {},
    logFile,
    killAfterMs: 5000,
  });
  return { server, log: () => readFileSync(logFile, "utf8") };
}

test("where NATS is back before its JetStream, what is accepted later is stored within seconds", async () => {
  const ingest = bed.client("ingest", IngestService);
  const stored = async (withinMs: number) => {
    const { event } = await eventually(() => ingest.trackEvent({ event: { name: "ping" } }));
    return eventually(() => bed.client("ingest", EventService).getEvent({ id: event!.id }), withinMs);
  };
  await stored(30_000);
  await bed.nats.stop("SIGTERM");
  const { server, log } = await startWithoutJetStream();
  await eventually(async () => log().includes("$JS.API.CONSUMER.INFO.EVENTS.store-events") || undefined);
  await server.stop();
  await bed.restartNats();
  expect((await stored(SOON_MS)).event).toMatchObject({ name: "ping" });
});
