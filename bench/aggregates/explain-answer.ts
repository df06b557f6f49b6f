import type pg from "pg";
import { logOf } from "../shared/logged-statements.ts";

/** A statement of the extended protocol, as PostgreSQL's log has it: further lines start with a tab. */
const LOGGED =
  /execute [^:\n]*: ([^\n]*(?:\n\t[^\n]*)*)(?:\n[^\t\n][^\n]*DETAIL: {2}[Pp]arameters: ([^\n]*(?:\n\t[^\n]*)*))?/g;
const AGGREGATES = /^\s*(with|select)\b.*\baggregation\b/s;
const PARAMETER = /\$\d+ = ('(?:[^']|'')*'|NULL)/g;
const TRIES = 10;

/**
 * The plan of the statement that `ask` makes the aggregation service send: of that very statement, with its parameters, run again.
 *
 * @param name the series that is asked for, by which its statement is known
 */
export async function explainAnswer(
  client: pg.Client,
  dataDir: string,
  name: string,
  ask: () => Promise<unknown>,
): Promise<string> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const statements = [...(await logOf(client, dataDir, ask)).matchAll(LOGGED)].map(
      ([, text, parameters = ""]) => [text!.replaceAll("\n\t", "\n"), parameters] as const,
    );
    // What says which zones and limits there are is short beside the statement that aggregates.
    const [longest] = statements
      .filter(([text, parameters]) => AGGREGATES.test(text) && parameters.includes(`'${name}'`))
      .toSorted(([a], [b]) => b.length - a.length);
    if (longest) return explain(client, ...longest);
  }
  throw new Error(`PostgreSQL logged no statement that aggregates ${name}, in ${TRIES} tries`);
}

async function explain(client: pg.Client, text: string, parameters: string): Promise<string> {
  const values = [...parameters.matchAll(PARAMETER)].map(([, value]) => value);
  await client.query(`prepare explained as ${text}`);
  try {
    const { rows } = await client.query(
      `explain (analyze, buffers) execute explained${values.length > 0 ? `(${values.join(", ")})` : ""}`,
    );
    return [text, parameters, ...rows.map((row) => row["QUERY PLAN"])].join("\n");
  } finally {
    await client.query("deallocate explained");
  }
}
