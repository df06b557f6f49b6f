import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
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
import { sharedServers, TEMPLATE } from "./shared-servers.ts";

/** One test file's own database, NATS and services. */
export interface TestBed {
  ports: SuitePorts;
  /** The gateway's URL. */
  url: string;
  nats: Nats;
  /** Starts a service; one that runs already is stopped first. */
  start(name: ServiceName, environment?: Record<string, string>): Promise<ServiceProcess>;
  /** Starts another process of the ingest service, on ports of its own, and answers where it serves gRPC. */
  startReplica(environment?: Record<string, string>): Promise<number>;
  /** A typed client with the developer's certificate, of the service or of the one at a port. */
  client<S extends AnyService>(
    service: "ingest" | "sessions" | "aggregation" | number,
    descriptor: S,
  ): ServiceClient<S>;
  /** The superuser's URL of its database. */
  adminUrl: string;
  /** A query as the superuser. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Starts NATS again on the same port and data. */
  restartNats(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes a test file's own servers and starts the named services, ingest first. */
export async function startTestBed(names: ServiceName[], environment: Record<string, string> = {}): Promise<TestBed> {
  const { adminUrl, certificates, natsServer, password, folder: shared } = sharedServers();
  const folder = join(shared, randomUUID());
  mkdirSync(folder);
  const database = `test_${randomUUID().replaceAll("-", "")}`;
  await withConnection(adminUrl, (client) => client.query(`create database ${database} template ${TEMPLATE}`));
  const ports = await freeSuitePorts();
  const nats = { binary: natsServer, dataDir: join(folder, "nats"), port: ports.nats };
  const databaseUrls = {
    ingest: urlOf(adminUrl, database, "ingest", password),
    sessions: urlOf(adminUrl, database, "sessions", password),
    aggregation: urlOf(adminUrl, database, "aggregation", password),
  };
  const running = new Map<ServiceName, ServiceProcess>();
  const replicas: ServiceProcess[] = [];
  const channels: Channel[] = [];
  const environmentOf = (name: ServiceName, ports: SuitePorts) =>
    serviceEnvironment(name, { ports, certificates, databaseUrls, natsUrl: bed.nats.url });

  const bed: TestBed = {
    ports,
    url: `http://127.0.0.1:${ports.gateway}`,
    adminUrl: nameIn(adminUrl, database),
    nats: await startNats(nats),
    async start(name, extra = {}) {
      await running.get(name)?.stop();
      const started = await startService({
        name,
        environment: { ...environmentOf(name, ports), ...environment, ...extra },
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
    client(service, descriptor) {
      const files = tlsFilesIn(certificates, "developer");
      const channel = openChannel(`127.0.0.1:${typeof service === "number" ? service : ports[service]}`, files);
      channels.push(channel);
      return clientOf(descriptor, channel);
    },
    query: (text, values) => withConnection(bed.adminUrl, async (client) => (await client.query(text, values)).rows),
    async restartNats() {
      bed.nats = await startNats(nats);
    },
    async stop() {
      for (const channel of channels) channel.close();
      await Promise.all([...running.values(), ...replicas].map((service) => service.stop()));
      await bed.nats.stop("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
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
