import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { clientCredentials } from "@ocellus/client/client-credentials.ts";
import { ensureCertificates } from "@ocellus/suite/certificates.ts";
import { compileCache } from "@ocellus/suite/compile-cache.ts";
import { type DatabaseService, ensureLogins, withConnection } from "@ocellus/suite/database-roles.ts";
import { findNatsServer, type Nats, type NatsOptions, startNats } from "@ocellus/suite/nats-server.ts";
import { type Postgres, type PostgresOptions, startPostgres } from "@ocellus/suite/postgres.ts";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { serviceEnvironment } from "@ocellus/suite/service-environment.ts";
import {
  runMigrations,
  SERVICES,
  type ServiceName,
  type ServiceProcess,
  startService,
} from "@ocellus/suite/service-process.ts";
import { freeSuitePorts, type SuitePorts } from "@ocellus/suite/suite-ports.ts";
import pg from "pg";
import { closeLinks, type Links, openLinks } from "./links.ts";

/** PostgreSQL refuses an event of this name, which the contract allows. */
export const POISON = "poison";

/** What may wait in the stream of events before it refuses more. */
export const EVENTS_MAX_BYTES = 4 * 1024 * 1024;

/** How long the start of a service is tried again: a server that it needs may be away for that long. */
const START_WITHIN_MS = 120_000;

/** A suite that is there to be broken: its servers, its services, and the network between them. */
export class Target {
  readonly certificates: string;
  readonly ports: SuitePorts;
  readonly links: Links;
  /** Answers a token for all that the gateway has. */
  readonly token: () => Promise<string>;
  /** What went wrong in it that no fault accounts for. */
  readonly problems: string[] = [];
  postgres: Postgres;
  nats: Nats;
  readonly #services = new Map<ServiceName, ServiceProcess>();
  readonly #environments: Record<ServiceName, Record<string, string>>;
  readonly #postgresOptions: PostgresOptions;
  readonly #natsOptions: NatsOptions;
  readonly #folder: string;
  readonly #pool: pg.Pool;

  private constructor(parts: Awaited<ReturnType<typeof startServers>>) {
    this.certificates = parts.certificates;
    this.ports = parts.ports;
    this.links = parts.links;
    this.token = clientCredentials({ gateway: this.url, ...parts.administrator });
    this.postgres = parts.postgres;
    this.nats = parts.nats;
    this.#environments = parts.environments;
    this.#postgresOptions = parts.postgresOptions;
    this.#natsOptions = parts.natsOptions;
    this.#folder = parts.folder;
    this.#pool = new pg.Pool({ connectionString: parts.postgres.adminUrl, max: 1 });
    // An idle connection that a fault has ended; the next query takes a new one.
    this.#pool.on("error", () => {});
  }

  /** Starts it with all its data in `folder`. */
  static async start(folder: string): Promise<Target> {
    const target = new Target(await startServers(folder));
    try {
      await target.startService("ingest");
      await Promise.all(SERVICES.filter((name) => name !== "ingest").map((name) => target.startService(name)));
      return target;
    } catch (error) {
      await target.stop();
      throw error;
    }
  }

  /** The gateway's URL. */
  get url(): string {
    return `http://127.0.0.1:${this.ports.gateway}`;
  }

  /** A query as the superuser, past every link. */
  async query<Row extends object>(text: string, values?: unknown[]): Promise<Row[]> {
    return (await this.#pool.query(text, values)).rows;
  }

  service(name: ServiceName): ServiceProcess {
    return this.#services.get(name)!;
  }

  /** What a process is a part of; undefined where it is of none. */
  partOf(pid: number, parent: number): string | undefined {
    if (pid === this.nats.pid()) return "nats-server";
    if (pid === this.postgres.pid()) return "PostgreSQL";
    // With the shared memory that it has touched.
    if (parent === this.postgres.pid()) return "PostgreSQL, largest process";
    return SERVICES.find((name) => this.service(name).pid === pid);
  }

  /** Starts a service as a supervisor does: again and again until it is ready. Throws after two minutes. */
  async startService(name: ServiceName): Promise<void> {
    const deadline = performance.now() + START_WITHIN_MS;
    for (;;) {
      try {
        const logFile = join(this.#folder, "logs", `${name}.log`);
        const service = await startService({ name, environment: this.#environments[name], logFile });
        service.failed.then(({ message }) => this.problems.push(message));
        this.#services.set(name, service);
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
    }
  }

  async restartPostgres(): Promise<void> {
    this.postgres = await startPostgres(this.#postgresOptions);
  }

  async restartNats(): Promise<void> {
    this.nats = await startNats(this.#natsOptions);
  }

  async stop(): Promise<void> {
    await this.#pool.end();
    await Promise.all([...this.#services.values()].map((service) => service.stop()));
    await Promise.all([this.nats.stop("SIGKILL"), this.postgres.stop("immediate"), closeLinks(this.links)]);
  }
}

async function startServers(folder: string) {
  await using started = new AsyncDisposableStack();
  const ports = await freeSuitePorts();
  const certificates = join(folder, "certificates");
  const binary = await findNatsServer(join(repositoryRoot, ".ocellus/bin"));
  const postgresOptions = { dataDir: join(folder, "postgres"), port: ports.postgres };
  const natsOptions = { binary, certificates, dataDir: join(folder, "nats"), port: ports.nats };
  const links = await openLinks(ports);
  started.defer(() => closeLinks(links));
  await ensureCertificates(certificates);
  const postgres = started.use(await startPostgres(postgresOptions));
  const nats = started.use(await startNats(natsOptions));
  const common = { ...compileCache(folder), MATERIALISE_EVERY: "1s" };
  await runMigrations({ environment: { ...common, DATABASE_URL: postgres.adminUrl } });
  await withConnection(postgres.adminUrl, (client) =>
    client.query(`alter table ingest.events add constraint no_poison check (name <> '${POISON}')`),
  );
  const passwords = { ingest: "chaos", sessions: "chaos", aggregation: "chaos", gateway: "chaos" };
  const databaseUrls = await ensureLogins(postgres.adminUrl, passwords);
  const through = (link: keyof Links) => `127.0.0.1:${links[link].port}`;
  const administrator = { id: "chaos", secret: randomBytes(32).toString("base64url") };
  const surroundings = { ports, certificates, databaseUrls, natsUrl: nats.url, administrator };
  const told = (name: ServiceName, more: Record<string, string>) => ({
    ...common,
    ...serviceEnvironment(name, surroundings),
    ...more,
  });
  const databaseThrough = (link: keyof Links, url: string): string => {
    const database = new URL(url);
    database.host = through(link);
    return database.href;
  };
  const behindLinks = (name: Exclude<DatabaseService, "gateway">, more: Record<string, string>) => {
    const DATABASE_URL = databaseThrough(`${name} to PostgreSQL`, databaseUrls[name]);
    return told(name, { DATABASE_URL, NATS_URL: `tls://${through(`${name} to NATS`)}`, ...more });
  };
  const environments: Record<ServiceName, Record<string, string>> = {
    gateway: told("gateway", {
      INGEST_ADDRESS: through("gateway to ingest"),
      SESSIONS_ADDRESS: through("gateway to sessions"),
      AGGREGATION_ADDRESS: through("gateway to aggregation"),
      DATABASE_URL: databaseThrough("gateway to PostgreSQL", databaseUrls.gateway),
    }),
    ingest: behindLinks("ingest", { EVENTS_MAX_BYTES: String(EVENTS_MAX_BYTES) }),
    sessions: behindLinks("sessions", { SESSION_IDLE_TIMEOUT: "30m" }),
    aggregation: behindLinks("aggregation", {}),
  };
  // From here on it is for `stop` to end them.
  started.move();
  return {
    folder,
    ports,
    certificates,
    administrator,
    links,
    postgres,
    nats,
    environments,
    postgresOptions,
    natsOptions,
  };
}
