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
import { COLUMNS, END, eventLines, START } from "../lists/event-lines.ts";

const EVENTS = Number(process.env.EVENTS ?? 300_000);
const BATCH = 5000;
const WIDTHS = ["month", "week", "day"];
/** Partitions are there for so long before the first event, as in a suite that is not new. */
const YEARS_BEFORE = 4;
const ROUNDS = 15;

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
  settings: { shared_buffers: "256MB" },
});
try {
  await runMigrations({ environment: { DATABASE_URL: postgres.adminUrl } });
  const figures = await withConnection(postgres.adminUrl, measureAll);
  for (const [what, values] of figures) {
    const ratios = WIDTHS.map(
      (width) => `${values.get(width)!.toFixed(2)} (${(values.get(width)! / values.get("month")!).toFixed(2)})`,
    );
    process.stdout.write(`${what}\t${ratios.join("\t")}\n`);
  }
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measureAll(client: pg.Client): Promise<Map<string, Map<string, number>>> {
  const figures = new Map<string, Map<string, number>>();
  const note = (what: string, width: string, value: number) =>
    figures.set(what, (figures.get(what) ?? new Map<string, number>()).set(width, value));
  const lines = [...eventLines(EVENTS)];
  const late = lines.slice(-Math.floor(EVENTS / 4)).map((line, index) => [(index * 7919) % 104_729, line] as const);
  const shuffled = late.toSorted(([a], [b]) => a - b).map(([, line]) => line);
  for (const width of WIDTHS) note("partitions", width, await create(client, width));
  for (const width of WIDTHS) note("COPY in order of time, s", width, await copy(client, `of_${width}`, lines));
  for (const width of WIDTHS) {
    await client.query(`vacuum analyze of_${width}`);
    const { rows } = await client.query(
      `select sum(pg_total_relation_size(inhrelid)) / 1e6 as mb from pg_inherits where inhparent = 'of_${width}'::regclass`,
    );
    note("size, MB", width, Number(rows[0].mb));
  }
  for (const [what, query] of Object.entries(QUERIES)) {
    for (const width of WIDTHS) {
      const { planning, execution } = await explain(client, query.replace("$", `of_${width}`));
      note(`${what}: planning, ms`, width, planning);
      note(`${what}: execution, ms`, width, execution);
    }
  }
  for (const width of WIDTHS) {
    await client.query(`create table late_${width} (like of_${width} including all) partition by range ("timestamp")`);
    await partition(client, `late_${width}`, width, START);
    note("COPY of late events over 90 days, s", width, await copy(client, `late_${width}`, shuffled));
  }
  for (const width of WIDTHS) {
    const { rows } = await client.query<{ name: string }>(
      `select tableoid::regclass::text as name from of_${width} order by "timestamp" limit 1`,
    );
    const [counted] = (await client.query(`select count(*) as count from ${rows[0]!.name}`)).rows;
    note("events that one drop takes", width, Number(counted.count));
    const start = performance.now();
    await client.query(`drop table ${rows[0]!.name}`);
    note("the drop, ms", width, performance.now() - start);
  }
  return figures;
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

/** The medians of some runs, in milliseconds. */
async function explain(client: pg.Client, query: string): Promise<{ planning: number; execution: number }> {
  const plans: { planning: number; execution: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { rows } = await client.query(`explain (analyze, timing off, format json) ${query}`);
    const [plan] = rows[0]["QUERY PLAN"];
    plans.push({ planning: plan["Planning Time"], execution: plan["Execution Time"] });
  }
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
  return {
    planning: median(plans.map(({ planning }) => planning)),
    execution: median(plans.map(({ execution }) => execution)),
  };
}
