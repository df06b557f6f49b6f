import { join, resolve } from "node:path";
import { ensureCertificates } from "./certificates.ts";
import { compileCache } from "./compile-cache.ts";
import { lockDataFolder } from "./data-folder-lock.ts";
import { firstAdministrator } from "./first-administrator.ts";
import type { Nats } from "./nats-server.ts";
import { requireNodeVersion } from "./node-version.ts";
import { stopOrphans } from "./orphans.ts";
import type { Postgres } from "./postgres.ts";
import { prepareDatabase } from "./prepare-database.ts";
import { provideNats, providePostgres } from "./provide-servers.ts";
import { type Administrator, serviceEnvironment } from "./service-environment.ts";
import { SERVICES, type ServiceName, type ServiceProcess } from "./service-process.ts";
import { shortPath } from "./short-path.ts";
import type { StartContext } from "./start-context.ts";
import { startCopies } from "./start-copies.ts";
import { type PartsReport, StartedParts } from "./started-parts.ts";
import { requireFreeSuitePorts, type SuitePorts } from "./suite-ports.ts";
import { together } from "./together.ts";

/** Those of all pools together are fewer. */
const CONNECTIONS_PER_COPY = 100;

export interface SuiteOptions extends Partial<PartsReport> {
  /** Keeps everything: data, passwords, certificates, logs. */
  dataDir: string;
  ports: SuitePorts;
  /** The ports of each further copy of the services; the gateways share theirs. */
  furtherPorts?: readonly SuitePorts[];
  /** A PostgreSQL that runs already, as the admin of a database on it. */
  databaseUrl?: string;
  /** Settings of a PostgreSQL of its own that win over the modest ones. */
  postgresSettings?: Readonly<Record<string, string>>;
  /** A NATS server that runs already. */
  natsUrl?: string;
  /** What single services are told beyond the usual. */
  environment?: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
  /** Gives up the start when it aborts. */
  signal?: AbortSignal;
}

/** A suite that runs. */
export interface Suite extends AsyncDisposable {
  readonly ports: SuitePorts;
  /** `database` is the admin's. */
  readonly urls: { readonly gateway: string; readonly database: string; readonly nats: string };
  /** The folder of the certificates. */
  readonly certificates: string;
  /** The client with which the gateway can be called, and others be registered. */
  readonly administrator: Administrator;
  /** The first copy of each service, as it was started. */
  readonly services: Readonly<Record<ServiceName, ServiceProcess>>;
  /** All copies of each service that run at the moment, by their numbers from 1 on. */
  readonly copies: Readonly<Record<ServiceName, ReadonlyMap<number, ServiceProcess>>>;
  /** What the first copy of each service was told, for starting it again. */
  readonly environments: Readonly<Record<ServiceName, Readonly<Record<string, string>>>>;
  readonly postgres?: Postgres;
  readonly nats?: Nats;
  /** Settles when a server, or the last copy of a service, ends by itself, with what happened. */
  readonly failed: Promise<Error>;
  /** Stops what was started, in reverse order. */
  stop(): Promise<void>;
}

/**
 * Starts the whole suite on this machine and resolves when all of it is ready. What an earlier run left behind in the
 * same data folder is stopped first. If any part fails to start, all others are stopped again.
 */
export async function startSuite(options: SuiteOptions): Promise<Suite> {
  requireNodeVersion();
  const { report = () => {}, reportSlow } = options;
  const dataDir = resolve(options.dataDir);
  const unlock = lockDataFolder(dataDir);
  const parts = new StartedParts({ report, reportSlow });
  const stop = () => parts.stop().finally(unlock);
  const failure = new AbortController();
  try {
    await stopOrphans(join(dataDir, "run"), report);
    const signal = AbortSignal.any([failure.signal, ...(options.signal ? [options.signal] : [])]);
    const pidFile = (part: string) => join(dataDir, "run", `${part}.json`);
    const context = { dataDir, ports: options.ports, parts, report, signal, pidFile };
    return {
      ...(await startParts(options, context, failure)),
      failed: parts.failed,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(options: SuiteOptions, context: StartContext, failure: AbortController) {
  const { databaseUrl, postgresSettings, natsUrl, environment = {}, furtherPorts = [] } = options;
  const { dataDir, ports } = context;
  await requireFreeSuitePorts(ports, furtherPorts, { postgres: !databaseUrl, nats: !natsUrl });
  const common = compileCache(dataDir);

  const certificates = await provideCertificates(context);
  const [[postgres, databaseUrls], nats] = await together(failure, [
    providePostgres(databaseUrl, { ...connectionsFor(1 + furtherPorts.length), ...postgresSettings }, context).then(
      async (postgres) => [postgres, await prepareDatabase(postgres.url, common, context)] as const,
    ),
    provideNats(natsUrl, certificates, context),
  ]);

  const administrator = firstAdministrator(dataDir);
  const copies = [ports, ...furtherPorts];
  const surroundings = { administrator, certificates, databaseUrls, natsUrl: nats.url, copies };
  const environmentOf = (name: ServiceName, own: SuitePorts) => {
    return { ...common, ...serviceEnvironment(name, { ...surroundings, ports: own }), ...environment[name] };
  };
  const start = (name: ServiceName, level = 1) => {
    const told = (own: SuitePorts) => environmentOf(name, own);
    return startCopies({ name, copies, environmentOf: told, level, failure }, context);
  };
  const [ingest, sessions, aggregation] = await together(failure, [
    start("ingest"),
    start("sessions"),
    start("aggregation"),
  ]);
  const services = { ingest, sessions, aggregation, gateway: await start("gateway", 2) };
  const urls = { gateway: `http://127.0.0.1:${ports.gateway}`, database: postgres.url, nats: nats.url };
  return {
    ...{ ports, urls, certificates, administrator, postgres: postgres.own, nats: nats.own },
    services: mapServices((name) => services[name].running.get(1)!),
    copies: mapServices((name) => services[name].running),
    environments: mapServices((name) => environmentOf(name, ports)),
  };
}

/** As many connections to PostgreSQL as so many copies of all services may hold. */
function connectionsFor(copies: number): Readonly<Record<string, string>> {
  return { max_connections: String(CONNECTIONS_PER_COPY * copies) };
}

async function provideCertificates({ dataDir, parts }: StartContext): Promise<string> {
  const folder = join(dataDir, "certificates");
  await parts.report("certificates", ensureCertificates(folder), () => ({
    title: "certificates",
    place: shortPath(folder),
  }));
  return folder;
}

function mapServices<Value>(value: (name: ServiceName) => Value): Record<ServiceName, Value> {
  return Object.fromEntries(SERVICES.map((name) => [name, value(name)])) as Record<ServiceName, Value>;
}
