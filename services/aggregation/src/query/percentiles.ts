import { type RawBuilder, sql } from "kysely";
import { keyOf } from "./buckets.ts";
import { binAfter, countsOf, valueOfBin } from "./histogram.ts";
import { histogramsOf } from "./histograms-of-window.ts";
import { inWindow } from "./in-window.ts";
import type { Aggregation, Percentile, Query } from "./query.ts";

type Sql = RawBuilder<unknown>;

/** What part of the values is not above a percentile. */
const FRACTIONS: Record<Percentile, Sql> = {
  p50: sql`0.50`,
  p75: sql`0.75`,
  p90: sql`0.90`,
  p95: sql`0.95`,
  p99: sql`0.99`,
};

/** The percentiles among some types. */
export const percentilesIn = (types: readonly Aggregation[]): Percentile[] =>
  types.filter((type): type is Percentile => type in FRACTIONS);

/** The percentile of the values of the events that a statement groups. */
export const percentileOfEvents = (percentile: Percentile): Sql =>
  sql`percentile_disc(${FRACTIONS[percentile]}::float8) within group (order by value)`;

/**
 * The common table expressions that add percentiles to `summed`, and make it `merged`: where `scan.estimated` by the histograms
 * of what covers the window, or else from its events. Either is read only where it is needed.
 */
export function withPercentiles(query: Query): Sql {
  const percentiles = percentilesIn(query.types);
  const list = (of: (percentile: Percentile) => Sql) =>
    sql.join(percentiles.map((percentile) => sql`${of(percentile)} as ${sql.ref(percentile)}`));
  const rank = (percentile: Percentile) => sql`ceil(${FRACTIONS[percentile]} * total)::bigint`;
  const estimate = (percentile: Percentile) => binAfter(sql`${rank(percentile)} - 1`, sql`bins`, sql`upto`);
  const merged = (percentile: Percentile) => {
    const bin = sql.ref(`estimates.${percentile}`);
    return sql`case when estimates.key is null then ${sql.ref(`exact.${percentile}`)}
      else greatest(summed.min, least(summed.max, ${valueOfBin(bin)})) end`;
  };
  return sql`
    exact as (
      select ${keyOf(query, sql`"timestamp"`)} as key, ${list(percentileOfEvents)} from ingest.events
      where ${inWindow(query)} and (select not estimated from scan) group by 1
    ),
    histograms as materialized (
      select key, bins, upto from (${histogramsOf(query)}) as histograms (key, bins, upto) where (select estimated from scan)
    ),
    divided as (select key from histograms group by key having count(*) > 1),
    added_up as (
      select key, bin, (sum(sum(count)) over (partition by key order by bin))::bigint as upto
      from histograms cross join lateral (${countsOf(sql`bins`, sql`histograms.upto`)}) as counts
      where key in (select key from divided) group by key, bin
    ),
    whole as (
      select key, bins, upto from histograms where key not in (select key from divided)
      union all select key, array_agg(bin order by bin), array_agg(upto order by bin) from added_up group by key
    ),
    estimates as (
      select key, ${list(estimate)} from whole cross join lateral (select upto[cardinality(upto)] as total offset 0) as totals
    ),
    merged as (
      select summed.*, ${list(merged)} from summed left join exact using (key) left join estimates using (key)
    )`;
}
