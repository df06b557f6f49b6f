import { join, resolve } from "node:path";
import { ensureCertificates } from "./certificates.ts";
import { lockDataFolder } from "./data-folder-lock.ts";
import type { Nats } from "./nats-server.ts";
import { requireNodeVersion } from "./node-version.ts";
import { stopOrphans } from "./orphans.ts";
import type { Postgres } from "./postgres.ts";
import { prepareDatabase } from "./prepare-database.ts";
import { provideNats, providePostgres } from "./provide-servers.ts";
import { serviceEnvironment } from "./service-environment.ts";
import { SERVICES, type ServiceName, type ServiceProcess, startService } from "./service-process.ts";
import { shortPath } from "./short-path.ts";
import type { StartContext } from "./start-context.ts";
import { type PartsReport, StartedParts } from "./started-parts.ts";
import { requireFreeSuitePorts, type SuitePorts } from "./suite-ports.ts";

export interface SuiteOptions extends Partial<PartsReport> {
  /** Keeps everything: data, passwords, certificates, logs. */
  dataDir: string;
  ports: SuitePorts;
  /** A PostgreSQL that runs already, as the admin of a database on it. */
  databaseUrl?: string;
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
  readonly services: Readonly<Record<ServiceName, ServiceProcess>>;
  /** What each service was told, for starting it again. */
  readonly environments: Readonly<Record<ServiceName, Readonly<Record<string, string>>>>;
  readonly postgres?: Postgres;
  readonly nats?: Nats;
  /** Settles when the first part ends by itself, with what happened. */
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
    const context = { dataDir, ports: options.ports, parts, signal, pidFile };
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
  const { databaseUrl, natsUrl, environment = {} } = options;
  const { dataDir, ports, parts, signal, pidFile } = context;
  await requireFreeSuitePorts(ports, { postgres: !databaseUrl, nats: !natsUrl });
  // Node keeps what it has compiled, which saves every process after the first a third of its start.
  const common = { NODE_COMPILE_CACHE: join(dataDir, "cache") };

  const [[postgres, databaseUrls], nats, certificates] = await together(failure, [
    providePostgres(databaseUrl, context).then(
      async (postgres) => [postgres, await prepareDatabase(postgres.url, common, context)] as const,
    ),
    provideNats(natsUrl, context),
    provideCertificates(context),
  ]);

  const surroundings = { ports, certificates, databaseUrls, natsUrl: nats.url };
  const environments = mapServices((name) => {
    return { ...common, ...serviceEnvironment(name, surroundings), ...environment[name] };
  });
  const start = async (name: ServiceName): Promise<ServiceProcess> => {
    const logFile = join(dataDir, "logs", `${name}.log`);
    const starting = startService({ name, environment: environments[name], logFile, pidFile: pidFile(name), signal });
    const service = await parts.report(name, starting, () => ({
      title: name,
      place: `127.0.0.1:${ports[name]}`,
      details: `health on ${ports[`${name}Health`]}, log in ${shortPath(logFile)}`,
    }));
    parts.add(service, name === "gateway" ? 2 : 1);
    return service;
  };
  const [ingest, sessions, aggregation] = await together(failure, [
    start("ingest"),
    start("sessions"),
    start("aggregation"),
  ]);
  const services = { ingest, sessions, aggregation, gateway: await start("gateway") };
  const urls = { gateway: `http://127.0.0.1:${ports.gateway}`, database: postgres.url, nats: nats.url };
  return { ports, urls, certificates, services, environments, postgres: postgres.own, nats: nats.own };
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

/** Waits for all works. The failure of one aborts the others, and is thrown when they too have come to an end. */
async function together<Results extends unknown[]>(
  failure: AbortController,
  works: { [Index in keyof Results]: Promise<Results[Index]> },
): Promise<Results> {
  for (const work of works) work.catch((error) => failure.abort(error));
  await Promise.allSettled(works);
  return Promise.all(works) as Promise<Results>;
}
