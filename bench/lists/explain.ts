import { readFileSync } from "node:fs";
import type pg from "pg";

/** The plan of the list that `ask` makes the ingest service read: of the very statement, as PostgreSQL's log has it, run again. */
export async function explainList(client: pg.Client, logFile: string, ask: () => Promise<unknown>): Promise<string> {
  await logStatements(client, "all");
  const start = readFileSync(logFile).length;
  try {
    for (;;) {
      await ask();
      const text = readFileSync(logFile).subarray(start).toString();
      const [settings, query] = [
        lastOf(text, /: (select set_config\([^;]*?'off', true\))/g),
        lastOf(text, /: (select \S+ from "ingest"."events" .*)/g),
      ];
      if (!settings || !query) continue;
      await client.query("begin");
      await client.query(settings);
      const plan = await client.query(`explain (analyze, buffers) ${query}`);
      await client.query("rollback");
      return [query, ...plan.rows.map((row) => row["QUERY PLAN"])].join("\n");
    }
  } finally {
    await logStatements(client, "none");
  }
}

/** A connection takes the setting over with its next statement or the one after. */
async function logStatements(client: pg.Client, which: "all" | "none"): Promise<void> {
  await client.query(`alter system set log_statement = '${which}'`);
  await client.query("select pg_reload_conf()");
}

function lastOf(text: string, pattern: RegExp): string | undefined {
  return [...text.matchAll(pattern)].at(-1)?.[1];
}
