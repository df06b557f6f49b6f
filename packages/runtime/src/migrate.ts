import { MikroORM } from "@mikro-orm/postgresql";
import { Client } from "pg";
import { databaseVariables, readConfig, urlOf } from "./config.ts";
import { ormOptions, type Schema } from "./database.ts";
import { addressIn, connectionTo } from "./database-address.ts";

/** One lock for the migrations of all services: they create roles that several of them name. */
const LOCK = "select pg_advisory_lock(hashtext('ocellus migrations'))";

/** Every environment variable that the migrations read. */
export const variables = {
  DATABASE_URL: urlOf(
    "postgres",
    "postgresql",
  )({ desc: "PostgreSQL, with a role that may create schemas, and roles where they are not there" }),
  DATABASE_PASSWORD_FILE: databaseVariables.DATABASE_PASSWORD_FILE,
};

/**
 * Brings a service's schema up to date: `DATABASE_URL` names a role that may create schemas, and roles where they are not
 * there. Whoever runs it at the same time waits. Prints a line for each migration that it applied.
 */
export async function migrate(schema: Schema, environment = process.env): Promise<void> {
  const address = addressIn(readConfig(variables, environment));
  const lock = new Client(connectionTo(address));
  await lock.connect();
  try {
    await lock.query(LOCK);
    const orm = await MikroORM.init(ormOptions(schema, { ...address, poolSize: 2 }));
    try {
      for (const { name } of await orm.migrator.up()) process.stdout.write(`${schema.name}: ${name}\n`);
    } finally {
      await orm.close();
    }
  } finally {
    await lock.end();
  }
}
