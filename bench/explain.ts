import type pg from "pg";

/** The plan of the last list that the ingest service asked for: of the very same statement, run again. */
export async function explainLastList(client: pg.Client): Promise<string> {
  const { rows } = await client.query(`
    select query from pg_stat_activity where application_name = 'ocellus-ingest' and query like 'select %"events" as %order by %'
    order by query_start desc limit 1`);
  const [{ query }] = rows;
  const plan = await client.query(`explain (analyze, buffers) ${query}`);
  return [query, ...plan.rows.map((row) => row["QUERY PLAN"])].join("\n");
}
