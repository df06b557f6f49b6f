import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { COLUMNS, END, eventLines, START } from "./event-lines.ts";

const CHUNK = 1000;

/** Copies events into `table`. Answers the seconds that it took. */
export async function copyEvents(client: pg.Client, table: string, count: number): Promise<number> {
  const start = performance.now();
  await pipeline(Readable.from(chunks(count)), client.query(copyFrom(`copy ${table} (${COLUMNS}) from stdin`)));
  return (performance.now() - start) / 1000;
}

/** Fills `ingest.events`, and leaves it as autovacuum would in time: statistics of each partition, and none of the whole. */
export async function loadEvents(client: pg.Client, count: number): Promise<number> {
  for (const month = new Date(START); month.getTime() < END; month.setUTCMonth(month.getUTCMonth() + 1))
    await client.query("select ingest.ensure_partition($1::date)", [month.toISOString().slice(0, 10)]);
  const seconds = await copyEvents(client, "ingest.events", count);
  const { rows } = await client.query(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'ingest.events'::regclass",
  );
  for (const { name } of rows) await client.query(`vacuum (analyze) ${name}`);
  await client.query("checkpoint");
  return seconds;
}

function* chunks(count: number): Generator<string> {
  let lines: string[] = [];
  for (const line of eventLines(count)) {
    lines.push(line);
    if (lines.length < CHUNK) continue;
    yield lines.join("");
    lines = [];
  }
  yield lines.join("");
}
