import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Channel, clientOf, openChannel, type ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import type { AnyService } from "@ocellus/runtime/handlers.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { type DatabaseService, withConnection } from "@ocellus/suite/database-roles.ts";
import { type Nats, startNats } from "@ocellus/suite/nats-server.ts";
import { serviceEnvironment } from "@ocellus/suite/service-environment.ts";
import { type ServiceName, type ServiceProcess, startService } from "@ocellus/suite/service-process.ts";
import { freeSuitePorts, type SuitePorts } from "@ocellus/suite/suite-ports.ts";
import type pg from "pg";
import { type Credentials, tokensOf } from "./client-token.ts";
import { useTokens } from "./fetch-with-token.ts";
import { sharedServers, TEMPLATE } from "./shared-servers.ts";
import { Superuser } from "./superuser.ts";

/** One test file's own database, NATS and services. */
export interface TestBed {
  ports: SuitePorts;
  /** The gateway's URL. */
  url: string;
  /** A client with all scopes. `fetch` and `sendToken` of test/support send its tokens. */
  administrator: Credentials;
  nats: Nats;
  /** The folder of the certificates. */
  certificates: string;
  /** Those that run. */
  services: ReadonlyMap<ServiceName, ServiceProcess>;
  /** All that a service, or NATS, has logged so far. */
  logOf(name: ServiceName | "nats"): string;
  /** Starts a service; one that runs already is stopped first. */
  start(name: ServiceName, environment?: Record<string, string>): Promise<ServiceProcess>;
  /** Starts another process of the ingest service, on ports of its own, and answers where it serves gRPC. */
  startReplica(environment?: Record<string, string>): Promise<number>;
  /** A typed client with the certificate of a peer, else the developer's, of the service or of the one at a port. */
  client<S extends AnyService>(
    service: "ingest" | "sessions" | "aggregation" | number,
    descriptor: S,
    peer?: string,
  ): ServiceClient<S>;
  /** The superuser's URL of its database. */
  adminUrl: string;
  /** A query as the superuser. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Starts NATS again on the same port and data. */
  restartNats(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Makes a test file's own servers and starts the named services, ingest first.
 *
 * @param certificates the folder of the certificates, where it is not the one that all share
 */
export async function startTestBed(
  names: ServiceName[],
  environment: Record<string, string> = {},
  certificates = sharedServers().certificates,
): Promise<TestBed> {
  const { adminUrl, natsServer, password, folder: shared } = sharedServers();
  const folder = join(shared, randomUUID());
  mkdirSync(folder);
  const database = `test_${randomUUID().replaceAll("-", "")}`;
  await withConnection(adminUrl, (client) => client.query(`create database ${database} template ${TEMPLATE}`));
  const ports = await freeSuitePorts();
  const nats = { binary: natsServer, certificates, dataDir: join(folder, "nats"), port: ports.nats };
  const databaseUrls = {
    ingest: urlOf(adminUrl, database, "ingest", password),
    sessions: urlOf(adminUrl, database, "sessions", password),
    aggregation: urlOf(adminUrl, database, "aggregation", password),
    gateway: urlOf(adminUrl, database, "gateway", password),
  };
  const administrator = { id: "administrator", secret: randomBytes(32).toString("base64url") };
  const running = new Map<ServiceName, ServiceProcess>();
  const replicas: ServiceProcess[] = [];
  const channels: Channel[] = [];
  const logFile = (name: ServiceName) => join(folder, `${name}.log`);
  const ownUrl = nameIn(adminUrl, database);
  const superuser = new Superuser(ownUrl);
  const environmentOf = (name: ServiceName, ports: SuitePorts) =>
    serviceEnvironment(name, { ports, certificates, databaseUrls, natsUrl: bed.nats.url, administrator });

  const bed: TestBed = {
    ports,
    url: `http://127.0.0.1:${ports.gateway}`,
    adminUrl: ownUrl,
    administrator,
    nats: await startNats(nats),
    certificates,
    services: running,
    logOf: (name) => readFileSync(name === "nats" ? join(folder, "nats/nats-server.log") : logFile(name), "utf8"),
    async start(name, extra = {}) {
      await running.get(name)?.stop();
      const started = await startService({
        name,
        environment: { ...environmentOf(name, ports), ...environment, ...extra },
        logFile: logFile(name),
      });
      running.set(name, started);
      return started;
    },
    async startReplica(extra = {}) {
      const own = { ...(await freeSuitePorts()), nats: ports.nats };
      const replica = { ...environmentOf("ingest", own), ...environment, ...extra };
      replicas.push(await startService({ name: "ingest", environment: replica }));
      return own.ingest;
    },
    client(service, descriptor, peer = "developer") {
      const files = tlsFilesIn(certificates, peer);
      const channel = openChannel(`127.0.0.1:${typeof service === "number" ? service : ports[service]}`, files);
      channels.push(channel);
      return clientOf(descriptor, channel);
    },
    query: (text, values) => superuser.query(text, values),
    async restartNats() {
      bed.nats = await startNats(nats);
    },
    async stop() {
      for (const channel of channels) channel.close();
      await Promise.all([...running.values(), ...replicas].map((service) => service.stop()));
      await Promise.all([bed.nats.stop("SIGKILL"), superuser.end()]);
      const refused = bed.logOf("nats").match(/.*:ocellus-\w+" - (?:Publish|Subscription) Violation.*/g);
      rmSync(folder, { recursive: true, force: true });
      if (refused) throw new Error(`Services may not do at NATS what they do:\n${refused.join("\n")}`);
    },
  };
  useTokens(bed.url, tokensOf(bed.url, administrator));
  try {
    for (const name of names) await bed.start(name);
    return bed;
  } catch (error) {
    await bed.stop();
    throw error;
  }
}

function nameIn(url: string, database: string): string {
  const named = new URL(url);
  named.pathname = `/${database}`;
  return named.href;
}

function urlOf(adminUrl: string, database: string, service: DatabaseService, password: string): string {
  const url = new URL(nameIn(adminUrl, database));
  url.username = `ocellus_${service}`;
  url.password = password;
  return url.href;
}
