import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { type SeriesFilter, seriesConditions } from "./series-filter.ts";

/** One series that once had events, as PostgreSQL answers it. Where it has none any more, `count` is "0". */
export interface SeriesRow {
  namespace: string;
  name: string;
  count: string;
  first: string | null;
  last: string | null;
}

/**
 * Reads series by namespace and name, each as a full scan of its events would find it.
 *
 * Every day is the sum of its quarters of an hour, so the events are those of all days, without the quarters that are dirty, and
 * with the events that are now in these or that lie beyond the frontier. Quarters of which the events are gone count as they are.
 * The first and the last event are looked for as the first from a place of the index of series on: an index of names alone
 * would do where they are looked for by conditions, and would pass over all events of the name in other namespaces.
 *
 * @param after the key of the series before
 */
export async function selectSeries(
  em: EntityManager,
  filter: SeriesFilter,
  after: string[] | undefined,
  limit: number,
): Promise<SeriesRow[]> {
  const further = after ? sql`and (namespace, name) > (${after[0]}, ${after[1]})` : sql``;
  const ofSeries = (table: string) => sql`${sql.ref(`${table}.namespace`)} = page.namespace
    and ${sql.ref(`${table}.name`)} = page.name`;
  const { rows } = await sql<SeriesRow>`
    with page as materialized (
      select namespace, name from aggregation.series where ${seriesConditions(filter)} ${further}
      order by namespace, name limit ${limit}
    ),
    bounds as materialized (select f.at as frontier, k.at as kept_from from aggregation.frontier f, ingest.kept_from k)
    select page.namespace, page.name, (coalesce(days.count, 0) + dirty.count + fresh.count)::bigint as count,
      least(oldest.at, first_gone.at) as first, greatest(newest.at, last_gone.at) as last
    from page cross join bounds
    cross join lateral (select sum(d.count) as count from aggregation.days d where ${ofSeries("d")} offset 0) days
    cross join lateral (
      select coalesce(sum(now.count - coalesce(q.count, 0)), 0) as count
      from aggregation.dirty_buckets b
      left join aggregation.quarters q on ${ofSeries("q")} and q.bucket_start = b.bucket_start
      cross join lateral (
        select count(*) as count from ingest.events e
        where ${ofSeries("e")} and e."timestamp" >= b.bucket_start and e."timestamp" < b.bucket_start + interval '15 minutes'
        offset 0
      ) now
      where ${ofSeries("b")} and b.bucket_start >= bounds.kept_from and b.bucket_start < bounds.frontier
      offset 0
    ) dirty
    cross join lateral (
      select count(*) as count from ingest.events e where ${ofSeries("e")} and e."timestamp" >= bounds.frontier offset 0
    ) fresh
    left join lateral (
      select e.namespace, e.name, e."timestamp" as at from ingest.events e
      where (e.namespace, e.name, e."timestamp") >= (page.namespace, page.name, '-infinity')
      order by e.namespace, e.name, e."timestamp" limit 1
    ) oldest on ${ofSeries("oldest")}
    left join lateral (
      select e.namespace, e.name, e."timestamp" as at from ingest.events e
      where (e.namespace, e.name, e."timestamp") <= (page.namespace, page.name, 'infinity')
      order by e.namespace desc, e.name desc, e."timestamp" desc limit 1
    ) newest on ${ofSeries("newest")}
    left join lateral (
      select q.first_timestamp as at from aggregation.quarters q
      where ${ofSeries("q")} and q.bucket_start < bounds.kept_from order by q.bucket_start limit 1
    ) first_gone on true
    left join lateral (
      select q.last_timestamp as at from aggregation.quarters q
      where ${ofSeries("q")} and q.bucket_start < bounds.kept_from order by q.bucket_start desc limit 1
    ) last_gone on true
    order by page.namespace, page.name
  `.execute(em.fork().getKysely());
  return rows;
}
