import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { type SeriesFilter, seriesConditions } from "../series-filter.ts";

/** A series that a rebuild comes to. */
export interface NamedSeries {
  namespace: string;
  name: string;
}

/** Where series are found: marks may have been lost, so that only the events tell of one. */
const SOURCES = [sql`aggregation.series`, sql`aggregation.quarters`, sql`ingest.events`];

/** The series after another; undefined after the last. Each source is entered by its index, at one place. */
export async function nextSeries(
  em: EntityManager,
  { namespace, name }: SeriesFilter,
  after: NamedSeries | undefined,
): Promise<NamedSeries | undefined> {
  // No index leads to a name in any namespace: those of other names are passed over.
  const filter = { namespace, name: namespace === undefined ? undefined : name };
  for (let last = after; ; ) {
    const further = last ? sql`and (namespace, name) > (${last.namespace}, ${last.name})` : sql``;
    const first = SOURCES.map(
      (source) => sql`(
        select namespace, name from ${source} where ${seriesConditions(filter)} ${further} order by namespace, name limit 1)`,
    );
    const { rows } = await sql<NamedSeries>`
      select namespace, name from (${sql.join(first, sql` union all `)}) as first order by namespace, name limit 1
    `.execute(em.getKysely());
    const [next] = rows;
    if (!next || name === undefined || next.name === name) return next;
    last = next;
  }
}
