import { resolve } from "node:path";
import { clientCredentials } from "@ocellus/client/client-credentials.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { connectOperator } from "@ocellus/suite/connect-operator.ts";
import { SERVICES } from "@ocellus/suite/service-process.ts";
import { type SuiteOptions, startSuite } from "@ocellus/suite/suite.ts";
import { freeSuitePorts } from "@ocellus/suite/suite-ports.ts";
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
export async function startMeasured(
  folder: string,
  environment: SuiteOptions["environment"] = {},
  postgresSettings: SuiteOptions["postgresSettings"] = {},
) {
  await using stack = new AsyncDisposableStack();
  const ports = await freeSuitePorts();
  const told = withLongTokens(environment);
  const suite = stack.use(await startSuite({ dataDir: folder, ports, environment: told, postgresSettings }));
  const token = await clientCredentials({ gateway: suite.urls.gateway, ...suite.administrator })();
  const database = new pg.Client({ connectionString: suite.urls.database });
  await database.connect();
  stack.defer(() => database.end());
  const nats = await connectOperator(suite.urls.nats, suite.certificates);
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
    token,
    database,
    manager,
    load,
    echoPorts,
    parts,
    pipeline: new Pipeline(manager, database, { url: suite.urls.gateway, token }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Tokens that outlast any bench: how they are renewed is not measured here. */
function withLongTokens(environment: NonNullable<SuiteOptions["environment"]>): SuiteOptions["environment"] {
  return { ...environment, gateway: { TOKEN_LIFETIME: "1d", ...environment.gateway } };
}

/** Has each service write a CPU profile into a folder as it ends. */
export function profiling(folder: string): SuiteOptions["environment"] {
  const flags = (name: string) => `--cpu-prof --cpu-prof-dir=${resolve(folder)} --cpu-prof-name=${name}.cpuprofile`;
  return Object.fromEntries(SERVICES.map((name) => [name, { NODE_OPTIONS: flags(name) }]));
}
