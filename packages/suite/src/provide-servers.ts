import { join } from "node:path";
import { postgresVersion } from "./database-roles.ts";
import { greetingOf } from "./nats-greeting.ts";
import { findNatsServer, type Nats, startNats } from "./nats-server.ts";
import { type Postgres, type PostgresOptions, startPostgres } from "./postgres.ts";
import { shortPath } from "./short-path.ts";
import type { StartContext } from "./start-context.ts";

/** A server that is there. */
export interface Provided<Own> {
  readonly url: string;
  readonly version: string;
  /** Undefined for one that ran already. */
  readonly own?: Own;
}

const USUAL_NATS_PORT = 4222;

/** The PostgreSQL that runs at `url`, or one of our own. */
export async function providePostgres(
  url: string | undefined,
  settings: PostgresOptions["settings"],
  context: StartContext,
): Promise<Provided<Postgres>> {
  const dataDir = join(context.dataDir, "postgres");
  return context.parts.report("PostgreSQL", url ? given(url, postgresVersion) : start(), (postgres) => ({
    title: `PostgreSQL ${postgres.version}`,
    place: new URL(postgres.url).host,
    details: postgres.own ? `data in ${shortPath(dataDir)}` : "as DATABASE_URL says",
  }));

  async function start(): Promise<Provided<Postgres>> {
    const { ports, pidFile, signal } = context;
    const own = await startPostgres({ dataDir, port: ports.postgres, settings, pidFile: pidFile("postgres"), signal });
    context.parts.add(own.process, 0);
    return { ...(await given(own.adminUrl, postgresVersion)), own };
  }
}

/** The NATS server that runs at `url`, or one of our own. */
export async function provideNats(
  url: string | undefined,
  certificates: string,
  context: StartContext,
): Promise<Provided<Nats>> {
  const dataDir = join(context.dataDir, "nats");
  return context.parts.report("NATS", url ? given(url, natsVersion) : start(), (nats) => ({
    title: `NATS ${nats.version}`,
    place: new URL(nats.url).host,
    details: nats.own ? `data in ${shortPath(dataDir)}` : "as NATS_URL says",
  }));

  async function start(): Promise<Provided<Nats>> {
    const { ports, pidFile, signal } = context;
    const binary = await findNatsServer(join(context.dataDir, "nats-server"));
    const own = await startNats({ binary, dataDir, certificates, port: ports.nats, pidFile: pidFile("nats"), signal });
    context.parts.add(own.process, 0);
    return { ...(await given(own.url, natsVersion)), own };
  }
}

async function given(url: string, versionOf: (url: string) => Promise<string>): Promise<Provided<never>> {
  return { url, version: await versionOf(url) };
}

async function natsVersion(url: string): Promise<string> {
  const { hostname, port, host } = new URL(url);
  const greeting = await greetingOf(hostname, Number(port || USUAL_NATS_PORT));
  if (!greeting) throw new Error(`No NATS server answers at ${host}. Start one, or leave NATS_URL out.`);
  if (!greeting.jetstream) throw new Error(`The NATS server at ${host} runs without JetStream: turn it on there.`);
  return greeting.version;
}
