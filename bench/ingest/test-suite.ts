import { resolve } from "node:path";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { SERVICES } from "@ocellus/suite/service-process.ts";
import { type SuiteOptions, startSuite } from "@ocellus/suite/suite.ts";
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
 * @param environment what single services are told beyond the usual
 */
export async function startMeasured(folder: string, environment: SuiteOptions["environment"] = {}) {
  await using stack = new AsyncDisposableStack();
  const suite = stack.use(await startSuite({ dataDir: folder, ports: await freeSuitePorts(), environment }));
  const database = new pg.Client({ connectionString: suite.urls.database });
  await database.connect();
  stack.defer(() => database.end());
  const nats = await connect({ servers: suite.urls.nats });
  stack.defer(() => nats.close());
  const manager = await nats.jetstreamManager();
  const load = stack.use(new Child("load-generator.ts"));
  const { ca, cert, key } = tlsFilesIn(suite.certificates, "ingest");
  const echo = stack.use(new Child("echo-server.ts", [ca, cert, key]));
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

/** Has each service write a CPU profile into a folder as it ends. */
export function profiling(folder: string): SuiteOptions["environment"] {
  const flags = (name: string) => `--cpu-prof --cpu-prof-dir=${resolve(folder)} --cpu-prof-name=${name}.cpuprofile`;
  return Object.fromEntries(SERVICES.map((name) => [name, { NODE_OPTIONS: flags(name) }]));
}
