import type { EntityManager } from "@mikro-orm/postgresql";
import { type RawBuilder, sql } from "kysely";
import type { Answered } from "./answer-rows.ts";
import { scannedRows } from "./answered-rows.ts";
import { keyOf } from "./buckets.ts";
import { matchesAll, valueOfField } from "./field-of-events.ts";
import { type CountedRow, fillGaps } from "./fill-gaps.ts";
import { inWindow } from "./in-window.ts";
import type { Query } from "./query.ts";
import { checkScan, isAllowed, type Scan, scanOf } from "./scan.ts";
import { rankBy, sourcesOf, wholeOfEvents } from "./values-of-events.ts";

type Sql = RawBuilder<unknown>;

/** A row of the answer beside what is known of the scan. */
type ScannedRow = CountedRow & Scan & { nothing: boolean };

/** What one query may read and answer. */
export interface Limits {
  rows: number;
  scannedEvents: number;
}

/**
 * Answers a query from the events alone, in one statement. Throws SCAN_TOO_LARGE where these are more than may be read, and
 * EVENTS_NOT_KEPT where some are gone; either without reading them.
 */
export async function selectFromEvents(em: EntityManager, query: Query, limits: Limits): Promise<Answered> {
  const { rows } = await sql<ScannedRow>`
    with scan as materialized (${scanOf(query)}),
    events as (${eventsOf(query, limits)}),
    ${query.groupBy ? byGroups(query, limits) : byBuckets(query, limits)}
    ${scannedRows(query, limits.rows)}
  `.execute(em.fork().getKysely());
  checkScan(rows[0]!, limits.scannedEvents);
  const found = rows.filter(({ nothing }) => !nothing);
  return { rows: fillGaps(found, query), estimated: false };
}

function eventsOf(query: Query, { scannedEvents }: Limits): Sql {
  const columns = [sql`${keyOf(query, sql`"timestamp"`)} as key`, sql.ref("timestamp"), ...sourcesOf(query.types)];
  if (query.groupBy) columns.push(sql`${valueOfField(query.groupBy)} as "group"`);
  return sql`
    select ${sql.join(columns)} from ingest.events
    where ${inWindow(query)} and ${matchesAll(query.filters)} and ${isAllowed(scannedEvents)}`;
}

function byBuckets({ types }: Query, { rows }: Limits): Sql {
  return sql`merged as (select key, ${wholeOfEvents(types)} from events group by key order by key limit ${rows})`;
}

/**
 * Ranks the groups over the whole window, and puts the events of all but the top ones together. What is made of these is made of
 * their events at once: a person may be in several groups. The group of events without the field is joined by a text that is not null,
 * since PostgreSQL hashes no "is not distinct from".
 */
function byGroups({ types, top }: Query, { rows }: Limits): Sql {
  const [first] = types;
  return sql`
    ranked as materialized (
      select "group", coalesce("group", '') as text, "group" is null as absent,
        row_number() over (order by ${rankBy(first!)} desc nulls last, "group" collate "C") as rank
      from (select "group", ${wholeOfEvents([first!])} from events group by "group") as totals
      order by rank limit ${top}
    ),
    merged as (
      select key, coalesce(rank, ${top + 1}) as rank, ${wholeOfEvents(types)}
      from events left join ranked
        on ranked.text = coalesce(events."group", '') and ranked.absent = (events."group" is null)
      group by key, ranked.rank order by 1, 2 limit ${rows}
    )`;
}
