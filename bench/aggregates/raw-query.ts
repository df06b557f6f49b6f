import type pg from "pg";
import { NAMESPACE } from "../ingest/events.ts";
import { medianOf } from "../shared/median.ts";
import type { Row } from "./ask.ts";
import type { Query } from "./queries.ts";
import { timesOf } from "./times-of.ts";

/** How often a plan is tried before the best is measured. */
const TRIES = 3;

/** How PostgreSQL is told to read the events. */
const PLANS = {
  "its own choice": [],
  "the index alone": ["enable_seqscan", "enable_bitmapscan"],
  "one process": ["max_parallel_workers_per_gather"],
} as const;
/** As if the index had no values: each event is read where it lies. */
const WITHOUT_VALUES = ["enable_indexonlyscan"] as const;

/** What the same query costs over the events. */
export interface RawMeasured {
  /** The median by the best plan, in milliseconds. */
  ms: number;
  plan: keyof typeof PLANS;
  /** As `ms`, but where no index holds the values. */
  rowsMs: number;
  rows: Row[];
}

/** Measures a query over the events, warmed, by the plan that takes least. */
export async function measureRaw(client: pg.Client, query: Query, repeats: number): Promise<RawMeasured> {
  const ask = () => client.query<{ start: string; count: string; value: number | null }>(statementOf(query));
  const { rows } = await ask();
  const tried: [plan: keyof typeof PLANS, ms: number][] = [];
  for (const [plan, switches] of Object.entries(PLANS) as [keyof typeof PLANS, readonly string[]][])
    tried.push([plan, await withSwitchedOff(client, switches, async () => medianOf(await timesOf(ask, TRIES)))]);
  const [plan] = tried.reduce((best, one) => (one[1] < best[1] ? one : best));
  const ms = await withSwitchedOff(client, PLANS[plan], async () => medianOf(await timesOf(ask, repeats)));
  const rowsMs = await withSwitchedOff(client, WITHOUT_VALUES, async () => medianOf(await timesOf(ask, TRIES)));
  return {
    ms,
    plan,
    rowsMs,
    rows: rows.map(({ start, count, value }) => ({
      start: Number(start),
      count: Number(count),
      value: value ?? undefined,
    })),
  };
}

/** The plan of the query over the events. */
export async function explainRaw(client: pg.Client, query: Query, plan: keyof typeof PLANS): Promise<string> {
  const { text, values } = statementOf(query);
  const { rows } = await withSwitchedOff(client, PLANS[plan], () =>
    client.query({ text: `explain (analyze, buffers) ${text}`, values }),
  );
  return [text, ...rows.map((row) => row["QUERY PLAN"])].join("\n");
}

/** The average as PostgreSQL makes it of doubles, which costs it less than exact decimals. */
function statementOf({ name, min, max, granularity, type, timeZone }: Query): { text: string; values: unknown[] } {
  const value = { avg: "avg(value)", p95: "percentile_disc(0.95) within group (order by value)" }[type];
  return {
    text:
      `select extract(epoch from date_trunc('${granularity}', "timestamp", $1)) * 1000 as start, count(*) as count, ` +
      `${value} as value from ingest.events where namespace = $2 and name = $3 and "timestamp" >= $4 and "timestamp" < $5 ` +
      `group by date_trunc('${granularity}', "timestamp", $1) order by 1`,
    values: [timeZone, NAMESPACE, name, new Date(min), new Date(max)],
  };
}

async function withSwitchedOff<T>(client: pg.Client, switches: readonly string[], work: () => Promise<T>): Promise<T> {
  for (const name of switches) await client.query(`set ${name} = ${name.startsWith("enable") ? "off" : "0"}`);
  try {
    return await work();
  } finally {
    for (const name of switches) await client.query(`reset ${name}`);
  }
}
