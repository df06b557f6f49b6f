import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";

/** What PostgreSQL logs, every statement in full, while `ask` runs. A connection takes that up with its next statement or the one after. */
export async function logOf(client: pg.Client, dataDir: string, ask: () => Promise<unknown>): Promise<string> {
  const file = join(dataDir, "postgres", "postgres.log");
  await logStatements(client, "all");
  try {
    const start = readFileSync(file).length;
    await ask();
    return readFileSync(file).subarray(start).toString();
  } finally {
    await logStatements(client, "none");
  }
}

async function logStatements(client: pg.Client, which: "all" | "none"): Promise<void> {
  await client.query(`alter system set log_statement = '${which}'`);
  await client.query("select pg_reload_conf()");
  // It is only asked to.
  while ((await client.query("show log_statement")).rows[0].log_statement !== which) await sleep(10);
}
