import { sql } from "kysely";
import type { Answered } from "./answer-rows.ts";
import { scannedRows } from "./answered-rows.ts";
import { coverWindow, cutBeforeKept } from "./cover-window.ts";
import { type CountedRow, fillGaps } from "./fill-gaps.ts";
import { keptFromOf, quarterNotKept } from "./kept-events.ts";
import { percentilesIn, withPercentiles } from "./percentiles.ts";
import type { PreparedStatements } from "./prepared-statements.ts";
import type { Query } from "./query.ts";
import { type Column, columnsFor, mergedParts } from "./values.ts";

/** What one query may answer, and of how many values its percentiles are exact. */
export interface LevelLimits {
  rows: number;
  exactValues: number;
}

/** A row beside what is known of the whole window. */
type LevelRow = CountedRow & {
  nothing: boolean;
  estimated: boolean;
  cut_quarter: string | null;
  kept_from: string | null;
};

/** Percentiles lie between the lowest and the highest value. */
const FOR_PERCENTILES: Column[] = ["value_count", "min", "max"];

/**
 * Answers a query from rollups and, where these do not do, from the events, in one statement: as a full scan would. Throws
 * EVENTS_NOT_KEPT where it cuts through a rollup of which the events are gone.
 */
export async function selectFromLevels(
  statements: PreparedStatements,
  query: Query,
  limits: LevelLimits,
): Promise<Answered> {
  const hasPercentiles = percentilesIn(query.types).length > 0;
  const columns = [...new Set([...columnsFor(query.types), ...(hasPercentiles ? FOR_PERCENTILES : [])])];
  const summed = sql`select key, ${mergedParts(columns)} from parts group by key order by key limit ${limits.rows}`;
  const tooMany = sql`(select coalesce(sum(value_count), 0) > ${limits.exactValues} from parts)`;
  const estimated = hasPercentiles ? sql`${keptFromOf(query)} is not null or ${tooMany}` : sql`false`;
  const rows = await statements.run(sql<LevelRow>`
    with ${coverWindow(query, columns)},
    scan as materialized (
      select ${cutBeforeKept(query)} as cut_quarter, (select kept_from from covered) as kept_from, ${estimated} as estimated
    ),
    ${hasPercentiles ? sql`summed as (${summed}), ${withPercentiles(query)}` : sql`merged as (${summed})`}
    ${scannedRows(query, limits.rows)}
  `);
  const { cut_quarter, kept_from, estimated: isEstimated } = rows[0]!;
  if (cut_quarter !== null && kept_from !== null) throw quarterNotKept(query, cut_quarter, kept_from);
  const found = rows.filter(({ nothing }) => !nothing);
  return { rows: fillGaps(found, query), estimated: isEstimated };
}
