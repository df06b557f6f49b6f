import { MikroORM } from "@mikro-orm/postgresql";
import { Client } from "pg";
import { readConfig, urlOf } from "./config.ts";
import { ormOptions, type Schema } from "./database.ts";

/** One lock for the migrations of all services: they create roles that several of them name. */
const LOCK = "select pg_advisory_lock(hashtext('ocellus migrations'))";

/**
 * Brings a service's schema up to date: `DATABASE_URL` names a role that may create schemas and roles. Whoever runs it at the
 * same time waits. Prints a line for each migration that it applied.
 */
export async function migrate(schema: Schema, environment = process.env): Promise<void> {
  const { DATABASE_URL: url } = readConfig(
    {
      DATABASE_URL: urlOf(
        "postgres",
        "postgresql",
      )({ desc: "PostgreSQL, with a role that may create schemas and roles" }),
    },
    environment,
  );
  const lock = new Client({ connectionString: url });
  await lock.connect();
  try {
    await lock.query(LOCK);
    const orm = await MikroORM.init(ormOptions(schema, { url, poolSize: 2 }));
    try {
      for (const { name } of await orm.migrator.up()) process.stdout.write(`${schema.name}: ${name}\n`);
    } finally {
      await orm.close();
    }
  } finally {
    await lock.end();
  }
}
