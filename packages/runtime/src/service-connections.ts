import type { MikroORM } from "@mikro-orm/postgresql";
import { connectDatabase, type Schema } from "./database.ts";
import { DatabaseWatch } from "./database-watch.ts";
import { type GrpcServerOptions, startGrpcServer } from "./grpc-server.ts";
import type { ServedService } from "./grpc-service.ts";
import { startHealthServer } from "./health-server.ts";
import { GRACE_MS, type Lifecycle } from "./lifecycle.ts";
import { connectQueue, type Queue } from "./nats.ts";

/** What a service with a database and a queue is told by its environment. */
export interface ConnectionConfig {
  LISTEN_HOST: string;
  HEALTH_PORT: number;
  DATABASE_URL: string;
  DATABASE_POOL: number;
  NATS_URL: string;
}

/** What such a service works with. */
export interface Connections {
  orm: MikroORM;
  database: DatabaseWatch;
  queue: Queue;
  /** Serves gRPC, and is ready from then on. It is the last step of a start, so that its stop is the first of a stop. */
  serve(services: ServedService[], options: GrpcServerOptions): Promise<void>;
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

  const [orm, queue] = await Promise.all([
    connectDatabase(schema, { url: config.DATABASE_URL, poolSize: config.DATABASE_POOL }, lifecycle),
    connectQueue(config.NATS_URL, schema.name, lifecycle),
  ]);
  lifecycle.onStop("database", () => orm.close());
  lifecycle.onStop("queue", queue.close);
  const database = new DatabaseWatch();
  lifecycle.background("database watch", database.run(config.DATABASE_URL, lifecycle.signal, lifecycle.log));

  return {
    orm,
    database,
    queue,
    serve: async (services, options) => {
      const server = await startGrpcServer(services, options);
      lifecycle.onStop("gRPC server", () => server.stop(GRACE_MS));
      lifecycle.log.info({ port: server.port }, "serving gRPC");
      health.serveWhile([
        { name: "PostgreSQL", ready: () => database.reachable },
        { name: "NATS", ready: queue.connected },
      ]);
    },
  };
}
