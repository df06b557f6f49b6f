import type { MikroORM } from "@mikro-orm/postgresql";
import type { CertificateFiles } from "./certificate-files.ts";
import { tlsFilesOf } from "./config.ts";
import { connectDatabase, type Schema } from "./database.ts";
import { addressIn } from "./database-address.ts";
import { DatabaseWatch } from "./database-watch.ts";
import { tellReachable } from "./dependency-metrics.ts";
import { type CertificateConfig, certificateWarnings, followCertificates } from "./follow-certificates.ts";
import { startGrpcServer } from "./grpc-server.ts";
import type { ServedService } from "./grpc-service.ts";
import { startHealthServer } from "./health-server.ts";
import { GRACE_MS, type Lifecycle } from "./lifecycle.ts";
import { callRateOf, connectionLimitsOf, type LimitConfig } from "./limit-variables.ts";
import { connectQueue, type Queue } from "./nats.ts";
import { startTracing } from "./start-tracing.ts";
import type { TraceConfig } from "./trace-variables.ts";

/** What a service with a database and a queue is told by its environment. */
export interface ConnectionConfig extends CertificateConfig, LimitConfig, TraceConfig {
  LISTEN_HOST: string;
  HEALTH_PORT: number;
  DATABASE_URL: string;
  DATABASE_PASSWORD_FILE: string;
  DATABASE_POOL: number;
  NATS_URL: string;
  CLIENT_PEERS: readonly string[];
}

/** What such a service works with. */
export interface Connections {
  orm: MikroORM;
  database: DatabaseWatch;
  queue: Queue;
  /** With which it serves, and calls others. */
  certificates: CertificateFiles;
  /** Serves gRPC, and is ready from then on. It is the last step of a start, so that its stop is the first of a stop. */
  serve(services: ServedService[], port: number): Promise<void>;
}

/** Opens what a service works with, and has the lifecycle close it. Waits for PostgreSQL and NATS where they are not there yet. */
export async function openConnections(
  schema: Schema,
  config: ConnectionConfig,
  lifecycle: Lifecycle,
): Promise<Connections> {
  const health = await startHealthServer(config.LISTEN_HOST, config.HEALTH_PORT);
  lifecycle.onStop("health server", health.stop);
  lifecycle.signal.addEventListener("abort", health.stopServing);

  await startTracing(schema.name, config, lifecycle);
  const certificates = followCertificates(config, lifecycle);
  const address = addressIn(config);
  const [orm, queue] = await Promise.all([
    connectDatabase(schema, { ...address, poolSize: config.DATABASE_POOL }, lifecycle),
    connectQueue({ url: config.NATS_URL, name: schema.name, files: tlsFilesOf(config) }, lifecycle),
  ]);
  lifecycle.onStop("database", () => orm.close());
  lifecycle.onStop("queue", queue.close);
  const database = new DatabaseWatch();
  lifecycle.background("database watch", database.run(address, lifecycle.signal, lifecycle.log));
  tellReachable("postgresql", () => database.reachable);
  tellReachable("nats", queue.connected);

  return {
    orm,
    database,
    queue,
    certificates,
    serve: async (services, port) => {
      const limits = {
        connections: connectionLimitsOf(config),
        messageBytes: config.MESSAGE_MAX_BYTES,
        calls: callRateOf(config),
        clients: config.CLIENT_PEERS,
      };
      const server = await startGrpcServer(services, { host: config.LISTEN_HOST, port, certificates, limits });
      lifecycle.onStop("gRPC server", () => server.stop(GRACE_MS));
      lifecycle.log.info({ port: server.port }, "serving gRPC");
      health.serveWhile(
        [
          { name: "PostgreSQL", ready: () => database.reachable },
          { name: "NATS", ready: queue.connected },
        ],
        () => certificateWarnings(certificates),
      );
    },
  };
}
