import { Migrator } from "@mikro-orm/migrations";
import { defineConfig, MikroORM, type Options } from "@mikro-orm/postgresql";
import type { Pool } from "pg";
import type { Logger } from "pino";
import { connectionTo, type DatabaseAddress } from "./database-address.ts";
import { isDatabaseUnavailable, isUnknownToUs } from "./database-errors.ts";
import { freeDeadConnections } from "./free-dead-connections.ts";
import { retryUntil } from "./retry.ts";

/** What a service's orm.config.ts says: its own schema, its entities and its migrations. */
export interface Schema {
  /** The PostgreSQL schema that the service owns; nobody else writes to it. */
  name: string;
  entities: NonNullable<Options["entities"]>;
  migrations: NonNullable<NonNullable<Options["migrations"]>["migrationsList"]>;
}

/** How many statements may run at once, and where. */
export interface DatabaseOptions extends DatabaseAddress {
  poolSize: number;
}

/** The MikroORM options of a schema. Times travel as text in UTC: they have microseconds, which a Date has not. */
export function ormOptions(schema: Schema, { poolSize, ...address }: DatabaseOptions) {
  return defineConfig({
    clientUrl: address.url,
    schema: schema.name,
    entities: schema.entities,
    extensions: [Migrator],
    // Each migration commits by itself: one that makes indexes concurrently cannot run within a transaction of all.
    migrations: { migrationsList: schema.migrations, snapshot: false, silent: true, allOrNothing: false },
    pool: { min: 0, max: poolSize },
    forceUtcTimezone: true,
    discovery: { warnWhenNoEntities: false },
    driverOptions: {
      onPoolCreated: (pool: Pool) => {
        // MikroORM takes neither TLS nor anything that changes from a URL.
        Object.assign(pool.options, connectionTo(address));
        freeDeadConnections(pool);
      },
      connectionTimeoutMillis: 5000,
      keepAlive: true,
      options: "-c timezone=UTC",
      application_name: `ocellus-${schema.name}`,
    },
  });
}

/** A schema that is older than the service, as while the migrations run. */
class SchemaBehind extends Error {}

/** Connects to PostgreSQL and waits for it, and for the migrations of this service's schema, for as long as it takes. */
export async function connectDatabase(
  schema: Schema,
  options: DatabaseOptions,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<MikroORM> {
  const orm = await MikroORM.init(ormOptions(schema, options));
  try {
    await retryUntil(signal, () => requireSchema(orm, schema.name), {
      when: (error) => error instanceof SchemaBehind || isDatabaseUnavailable(error) || isUnknownToUs(error),
      report: (error) => log.warn(`waiting for PostgreSQL: ${error.message}`),
    });
    return orm;
  } catch (error) {
    await orm.close();
    throw error;
  }
}

async function requireSchema(orm: MikroORM, name: string): Promise<void> {
  const pending = await orm.migrator.getPending();
  if (pending.length === 0) return;
  throw new SchemaBehind(
    `the schema "${name}" lacks ${pending.map(({ name }) => name).join(", ")}; run \`make migrate\``,
  );
}
