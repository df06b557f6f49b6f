import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { connectQueue, type Queue } from "@ocellus/runtime/nats.ts";
import { EVENTS, ensureStreams } from "@ocellus/runtime/streams.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { type BackgroundProcess, startBackgroundProcess } from "@ocellus/suite/background-process.ts";
import { freePorts } from "@ocellus/suite/ports.ts";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import pino from "pino";
import { eventually } from "../../../../test/support/eventually.ts";
import { sharedServers } from "../../../../test/support/shared-servers.ts";

const MIB = 1024 * 1024;
const NAMES = ["nats-0", "nats-1", "nats-2"];
const folder = temporaryFolder();
const servers = new Map<string, BackgroundProcess>();
const queues: Queue[] = [];
let clients: number[] = [];

beforeAll(async () => {
  const { certificates, natsServer } = sharedServers();
  const ports = await freePorts(2 * NAMES.length);
  clients = ports.slice(NAMES.length);
  const files = tlsFilesIn(certificates, "nats");
  const configuration = join(folder.path, "nats");
  cpSync(join(repositoryRoot, "deploy/nats"), configuration, { recursive: true });
  // The nats-server of Debian 12 does not know it yet.
  const cluster = readFileSync(join(configuration, "cluster.conf"), "utf8");
  writeFileSync(join(configuration, "cluster.conf"), cluster.replace("sync_interval: always", ""));
  const routes = ports.slice(0, NAMES.length).map((port) => `tls://localhost:${port}`);

  for (const [index, name] of NAMES.entries()) {
    const data = join(folder.path, name);
    mkdirSync(data);
    const server = await startBackgroundProcess({
      name,
      command: natsServer,
      args: ["--config", join(configuration, "cluster.conf")],
      environment: {
        SERVER_NAME: name,
        LISTEN: `127.0.0.1:${clients[index]}`,
        STORE_DIR: data,
        TLS_CA: files.ca,
        TLS_CERT: files.cert,
        TLS_KEY: files.key,
        CLUSTER_LISTEN: `127.0.0.1:${ports[index]}`,
        CLUSTER_ROUTES: `[${routes.join(", ")}]`,
      },
      logFile: join(data, "log"),
    });
    servers.set(name, server);
  }
});
afterAll(async () => {
  for (const queue of queues) await queue.close();
  for (const server of servers.values()) await server.stop("SIGKILL");
  folder[Symbol.dispose]();
});

/** The ingest service's connection to one of them. */
async function connectTo(name: string): Promise<Queue> {
  const url = `tls://localhost:${clients[NAMES.indexOf(name)]}`;
  const address = { url, name: "ingest", files: tlsFilesIn(sharedServers().certificates, "ingest") };
  const queue = await connectQueue(address, { log: pino({ level: "silent" }), signal: AbortSignal.timeout(60_000) });
  queues.push(queue);
  return queue;
}

test("with STREAM_REPLICAS=3 what was confirmed outlives the loss of any one server of the cluster", async () => {
  const first = await connectTo("nats-0");
  const limits = { eventsBytes: MIB, changesBytes: MIB, errorsBytes: MIB, replicas: 3 };
  await eventually(async () => {
    await ensureStreams(first, limits);
    return true;
  });
  const leader = await eventually(async () => {
    const { cluster, config } = await first.manager.streams.info(EVENTS.stream);
    expect(config.num_replicas).toBe(3);
    expect(cluster?.replicas?.map(({ current }) => current)).toEqual([true, true]);
    return cluster!.leader;
  });
  const publish = (by: Queue, text: string) =>
    eventually(() => by.jetstream.publish(EVENTS.subject, Buffer.from(text), { msgID: text }));
  for (const text of ["one", "two"]) await publish(first, text);

  const survivor = await connectTo(NAMES.find((name) => name !== leader)!);
  await servers.get(leader)!.stop("SIGKILL");
  await publish(survivor, "three");
  const { state } = await eventually(() => survivor.manager.streams.info(EVENTS.stream));
  expect(state.messages).toBe(3);
});
