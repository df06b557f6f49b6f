import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import { freePort } from "@ocellus/suite/ports.ts";
import { startPostgres } from "@ocellus/suite/postgres.ts";
import { runMigrations } from "@ocellus/suite/service-process.ts";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { END, eventLines, START } from "../lists/event-lines.ts";
import { COLUMNS } from "../shared/event-fields.ts";

const EVENTS = Number(process.env.EVENTS ?? 200_000);
const BATCH = 5000;
const WIDTHS = ["month", "week", "day"];
/** Partitions are there for so long before the first event, as in a suite that is not new. */
const YEARS_BEFORE = 4;
const ROUNDS = 7;

/** With the default of 64 a query over the days of five years is refused: it locks each partition and each of their indexes. */
const SETTINGS = { shared_buffers: "256MB", max_locks_per_transaction: "2048" };

const SERIES = `namespace = 'shop' and name = 'pageview'`;
const LAST_30_DAYS = `"timestamp" >= '2026-10-02Z' and "timestamp" < '2026-11-01Z'`;
const COLUMNS_READ = `id, "timestamp", namespace, name, value, data`;

/** What is asked of each table: its name is put in place of $. */
const QUERIES = {
  "one event by its id": "select * from $ where id = '00000000-0000-7000-8000-000000000000'",
  "newest 50 of a namespace": `select ${COLUMNS_READ} from $ where namespace = 'shop' order by "timestamp" desc, id desc limit 50`,
  "newest 50 of a session": `select ${COLUMNS_READ} from $ where session_id = 'none' order by "timestamp" desc, id desc limit 50`,
  "sum by hour of a series, 30 days": `select date_trunc('hour', "timestamp"), sum(value) from $ where ${SERIES} and ${LAST_30_DAYS} group by 1`,
  "sum by day of a series, all": `select date_trunc('day', "timestamp"), sum(value) from $ where ${SERIES} group by 1`,
};

/** Prints a table of what each width costs beside a month, in one run. */
const folder = mkdtempSync(join(tmpdir(), "ocellus-partitions-"));
const postgres = await startPostgres({
  dataDir: folder,
  port: await freePort(),
  settings: SETTINGS,
});
try {
  await runMigrations({ environment: { DATABASE_URL: postgres.adminUrl } });
  await withConnection(postgres.adminUrl, measureAll);
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Measures each width, and prints a line when all are measured, with the ratio to a month. */
async function measure(what: string, one: (width: string) => Promise<number>): Promise<void> {
  const values: number[] = [];
  for (const width of WIDTHS) values.push(await one(width));
  const cells = values.map((value) => `${value.toFixed(2)} (${(value / values[0]!).toFixed(2)})`);
  process.stdout.write(`${what}\t${cells.join("\t")}\n`);
}

async function measureAll(client: pg.Client): Promise<void> {
  const lines = [...eventLines(EVENTS)];
  const late = lines.slice(-Math.floor(EVENTS / 4)).map((line, index) => [(index * 7919) % 104_729, line] as const);
  const shuffled = late.toSorted(([a], [b]) => a - b).map(([, line]) => line);
  await measure("partitions", (width) => create(client, width));
  await measure("COPY in order of time, s", (width) => copy(client, `of_${width}`, lines));
  await measure("size, MB", async (width) => {
    await client.query(`vacuum analyze of_${width}`);
    const { rows } = await client.query(
      `select sum(pg_total_relation_size(inhrelid)) / 1e6 as mb from pg_inherits where inhparent = 'of_${width}'::regclass`,
    );
    return Number(rows[0].mb);
  });
  for (const [what, query] of Object.entries(QUERIES)) {
    for (const time of ["Planning Time", "Execution Time"]) {
      await measure(`${what}: ${time}, ms`, (width) => explain(client, query.replace("$", `of_${width}`), time));
    }
  }
  for (const width of WIDTHS) {
    await client.query(`create table late_${width} (like of_${width} including all) partition by range ("timestamp")`);
    await partition(client, `late_${width}`, width, START);
  }
  await measure("COPY of late events over 90 days, s", (width) => copy(client, `late_${width}`, shuffled));
  await measure("events that one drop takes", async (width) => {
    const { rows } = await client.query(`select count(*) as count from ${await oldest(client, width)}`);
    return Number(rows[0].count);
  });
  await measure("one drop, ms", async (width) => {
    const partition = await oldest(client, width);
    const start = performance.now();
    await client.query(`drop table ${partition}`);
    return performance.now() - start;
  });
}

/** The first partition with events. */
async function oldest(client: pg.Client, width: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `select tableoid::regclass::text as name from of_${width} order by "timestamp" limit 1`,
  );
  return rows[0]!.name;
}

async function create(client: pg.Client, width: string): Promise<number> {
  await client.query(`create table of_${width} (like ingest.events including all) partition by range ("timestamp")`);
  return partition(client, `of_${width}`, width, START - YEARS_BEFORE * 365 * 86_400_000);
}

/** Makes the partitions from a time to the end of the events, and answers how many. */
async function partition(client: pg.Client, table: string, width: string, from: number): Promise<number> {
  const { rows } = await client.query<{ start: string; stop: string }>(
    `select start::text, (start + $1::interval)::text as stop
     from generate_series(date_trunc($2, $3::timestamptz, 'UTC'), $4::timestamptz, $1::interval, 'UTC') as start`,
    [`1 ${width}`, width, new Date(from), new Date(END)],
  );
  for (const [index, { start, stop }] of rows.entries())
    await client.query(
      `create table ${table}_${index} partition of ${table} for values from ('${start}') to ('${stop}')`,
    );
  return rows.length;
}

/** Copies as storing does, in batches. Answers the seconds that it took. */
async function copy(client: pg.Client, table: string, lines: string[]): Promise<number> {
  const start = performance.now();
  for (let from = 0; from < lines.length; from += BATCH) {
    const batch = Readable.from([lines.slice(from, from + BATCH).join("")]);
    await pipeline(batch, client.query(copyFrom(`copy ${table} (${COLUMNS}) from stdin`)));
  }
  return (performance.now() - start) / 1000;
}

/** The median of some runs, in milliseconds. */
async function explain(client: pg.Client, query: string, time: string): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { rows } = await client.query(`explain (analyze, timing off, format json) ${query}`);
    times.push(rows[0]["QUERY PLAN"][0][time]);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
}
