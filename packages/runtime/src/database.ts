import { Migrator } from "@mikro-orm/migrations";
import { defineConfig, MikroORM, type Options } from "@mikro-orm/postgresql";
import type { Logger } from "pino";
import { isDatabaseUnavailable } from "./database-errors.ts";
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
export interface DatabaseOptions {
  url: string;
  poolSize: number;
}

/** The MikroORM options of a schema. Times travel as text in UTC: they have microseconds, which a Date has not. */
export function ormOptions(schema: Schema, { url, poolSize }: DatabaseOptions) {
  return defineConfig({
    clientUrl: url,
    schema: schema.name,
    entities: schema.entities,
    extensions: [Migrator],
    // Each migration commits by itself: one that makes indexes concurrently cannot run within a transaction of all.
    migrations: { migrationsList: schema.migrations, snapshot: false, silent: true, allOrNothing: false },
    pool: { min: 0, max: poolSize },
    forceUtcTimezone: true,
    discovery: { warnWhenNoEntities: false },
    driverOptions: {
      onPoolCreated: freeDeadConnections,
      connectionTimeoutMillis: 5000,
      keepAlive: true,
      options: "-c timezone=UTC",
      application_name: `ocellus-${schema.name}`,
    },
  });
}

/**
 * Connects to PostgreSQL and waits for it for as long as it takes.
 *
 * Throws where the schema is older than this service, since it would fail at the first statement otherwise.
 */
export async function connectDatabase(
  schema: Schema,
  options: DatabaseOptions,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<MikroORM> {
  const orm = await MikroORM.init(ormOptions(schema, options));
  try {
    const pending = await retryUntil(signal, () => orm.migrator.getPending(), {
      when: isDatabaseUnavailable,
      report: (error) => log.warn(`waiting for PostgreSQL: ${error.message}`),
    });
    if (pending.length > 0) {
      const names = pending.map(({ name }) => name).join(", ");
      throw new Error(`The schema "${schema.name}" lacks ${names}. Run \`make migrate\` first.`);
    }
    return orm;
  } catch (error) {
    await orm.close();
    throw error;
  }
}
