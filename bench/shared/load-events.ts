import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { COLUMNS } from "./event-fields.ts";

const CHUNK = 1000;

/**
 * Fills `ingest.events` with the events of a span (milliseconds since 1970), and leaves it as autovacuum would in time: statistics
 * of each partition, and none of the whole. Answers the seconds that copying took.
 */
export async function loadEvents(
  client: pg.Client,
  lines: Iterable<string>,
  span: { start: number; end: number },
): Promise<number> {
  const month = new Date(span.start);
  month.setUTCDate(1);
  for (; month.getTime() < span.end; month.setUTCMonth(month.getUTCMonth() + 1))
    await client.query("select ingest.ensure_partition($1::date)", [month.toISOString().slice(0, 10)]);
  const start = performance.now();
  await pipeline(Readable.from(chunks(lines)), client.query(copyFrom(`copy ingest.events (${COLUMNS}) from stdin`)));
  const seconds = (performance.now() - start) / 1000;
  const { rows } = await client.query(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'ingest.events'::regclass",
  );
  for (const { name } of rows) await client.query(`vacuum (analyze) ${name}`);
  await client.query("checkpoint");
  return seconds;
}

/** Whether no event is stored. */
export async function isEmpty(client: pg.Client): Promise<boolean> {
  return (await client.query("select from ingest.events limit 1")).rowCount === 0;
}

function* chunks(lines: Iterable<string>): Generator<string> {
  let chunk: string[] = [];
  for (const line of lines) {
    chunk.push(line);
    if (chunk.length < CHUNK) continue;
    yield chunk.join("");
    chunk = [];
  }
  yield chunk.join("");
}
