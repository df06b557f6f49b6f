import { medianOf } from "../shared/median.ts";
import type { Asker, Row } from "./ask.ts";
import type { LoadedSuite } from "./loaded-suite.ts";
import { type Query, queriesOf } from "./queries.ts";
import { measureRaw, type RawMeasured } from "./raw-query.ts";
import { timesOf } from "./times-of.ts";

/** A query over the events takes so long that more would tell nothing more. */
const RAW_REPEATS = 9;
/** What an estimated percentile may be off by. */
const ESTIMATE = 0.01;
/** What doubles that were added in another order may be off by. */
const ROUNDING = 1e-9;

/** What one query took; milliseconds are medians. */
export interface QueryMeasured {
  query: Query;
  events: number;
  rows: number;
  gatewayMs: number;
  gatewayP99Ms: number;
  grpcMs: number;
  raw: Omit<RawMeasured, "rows">;
}

/** Measures each query through the gateway, by gRPC and over the events. Throws where an answer is not that of the events. */
export async function measureQueries(loaded: LoadedSuite, repeats: number): Promise<QueryMeasured[]> {
  const results: QueryMeasured[] = [];
  for (const query of queriesOf(loaded.year)) {
    const { rows, ...raw } = await measureRaw(loaded.measured.database, query, RAW_REPEATS);
    const gateway = await measureAsker(query, loaded.askers.gateway(query), rows, repeats);
    const direct = await measureAsker(query, loaded.askers.direct(query), rows, repeats);
    results.push({
      query,
      events: rows.reduce((sum, { count }) => sum + count, 0),
      rows: rows.length,
      gatewayMs: medianOf(gateway),
      gatewayP99Ms: gateway.toSorted((a, b) => a - b)[Math.floor((gateway.length - 1) * 0.99)]!,
      grpcMs: medianOf(direct),
      raw,
    });
  }
  return results;
}

async function measureAsker(query: Query, asker: Asker, expected: Row[], repeats: number): Promise<number[]> {
  requireSame(query, asker.rowsOf(await asker.ask()), expected);
  // A service that has just begun takes twice as long until V8 has compiled what is often run.
  await timesOf(() => asker.ask(), repeats);
  return timesOf(() => asker.ask(), repeats);
}

function requireSame({ title, type }: Query, answered: Row[], expected: Row[]): void {
  const tolerance = type === "p95" ? ESTIMATE + ROUNDING : ROUNDING;
  const isSame = (row: Row | undefined, { start, count, value }: Row) =>
    row?.start === start && row.count === count && Math.abs(row.value! - value!) <= Math.abs(value!) * tolerance;
  const wrong = expected.findIndex((row, index) => !isSame(answered[index], row));
  if (wrong >= 0 || answered.length !== expected.length) {
    const at = wrong < 0 ? expected.length : wrong;
    const [got, wanted] = [answered[at], expected[at]].map((row) => JSON.stringify(row));
    throw new Error(`${title}: row ${at} of ${answered.length} is ${got}, by the events it is ${wanted}`);
  }
}
