import { join, resolve } from "node:path";
import { SERVICES } from "@ocellus/suite/service-process.ts";
import { startSuite } from "@ocellus/suite/suite.ts";
import { freeSuitePorts } from "@ocellus/suite/suite-ports.ts";
import { connect } from "nats";
import pg from "pg";
import { Child } from "./child.ts";
import { Pipeline } from "./pipeline.ts";
import type { Part } from "./processes.ts";

/** A suite that runs alone for the bench, with those who measure it. */
export type Measured = Awaited<ReturnType<typeof startMeasured>>;

/**
 * Starts a suite with its data in `folder`, the load generator and the echo server.
 *
 * @param profiles where each service writes a CPU profile as it ends
 */
export async function startMeasured(folder: string, profiles?: string) {
  await using stack = new AsyncDisposableStack();
  const environment = profiles ? profiled(resolve(profiles)) : {};
  const suite = stack.use(await startSuite({ dataDir: folder, ports: await freeSuitePorts(), environment }));
  const database = new pg.Client({ connectionString: suite.urls.database });
  await database.connect();
  stack.defer(() => database.end());
  const nats = await connect({ servers: suite.urls.nats });
  stack.defer(() => nats.close());
  const manager = await nats.jetstreamManager();
  const load = stack.use(new Child("load-generator.ts"));
  const certificate = (file: string) => join(suite.certificates, file);
  const echo = stack.use(
    new Child("echo-server.ts", [certificate("ca.crt"), certificate("ingest.crt"), certificate("ingest.key")]),
  );
  const echoPorts = await echo.next<{ grpcPort: number; httpPort: number }>();
  const { ingest, sessions, aggregation, gateway } = suite.services;
  const parts: Part[] = [
    ...[ingest, sessions, aggregation, gateway].map(({ name, pid }) => ({ name, pid })),
    { name: "nats", pid: suite.nats!.pid() },
    { name: "postgres", pid: suite.postgres!.pid(), withChildren: true },
  ];
  const owned = stack.move();
  return {
    suite,
    database,
    manager,
    load,
    echoPorts,
    parts,
    pipeline: new Pipeline(manager, database, suite.urls.gateway),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function profiled(folder: string) {
  return Object.fromEntries(
    SERVICES.map((name) => [
      name,
      { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder} --cpu-prof-name=${name}.cpuprofile` },
    ]),
  );
}
