import type pg from "pg";
import { logOf } from "../shared/logged-statements.ts";

/** The plan of the list that `ask` makes the ingest service read: of the very statement, as PostgreSQL's log has it, run again. */
export async function explainList(client: pg.Client, dataDir: string, ask: () => Promise<unknown>): Promise<string> {
  for (;;) {
    const text = await logOf(client, dataDir, ask);
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
}

function lastOf(text: string, pattern: RegExp): string | undefined {
  return [...text.matchAll(pattern)].at(-1)?.[1];
}
