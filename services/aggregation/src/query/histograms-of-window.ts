import { type RawBuilder, sql } from "kysely";
import { keyOf } from "./buckets.ts";
import { binOf } from "./histogram.ts";
import { step, tableOf } from "./level-steps.ts";
import { lengthOf, levelsFor } from "./levels.ts";
import type { Query } from "./query.ts";

type Sql = RawBuilder<unknown>;

/** Selects the histograms of what is taken, and of the rest: `key`, `bins` and `upto`, one or more for each bucket with values. */
export function histogramsOf(query: Query): Sql {
  const levels = levelsFor(query);
  const ofLevels = levels.map((level, index) => {
    const name = step(index === 0 ? "found" : "pieces", level);
    const rows =
      index === 0
        ? sql`bucket_start = places.bucket_start`
        : sql`bucket_start >= places.lo and bucket_start <= places.hi - ${lengthOf(level)}`;
    return sql`
      select places.key, r.bins, r.bins_upto as upto from ${name} as places cross join lateral (
        select bins, bins_upto from ${tableOf(level)}
        where namespace = ${query.namespace} and name = ${query.name} and ${rows} and bins is not null
          and bucket_start not in (select bucket_start from ${step("broken", level)})
        offset 0
      ) as r`;
  });
  const ofEvents = sql`
    select key, array_agg(bin order by bin), array_agg(upto order by bin) from (
      select key, bin, (sum(count(*)) over (partition by key order by bin))::bigint as upto
      from (select ${keyOf(query, sql`"timestamp"`)} as key, ${binOf(sql`value`)} as bin from raw where value is not null) as binned
      group by key, bin
    ) as counted group by key`;
  return sql.join([...ofLevels, ofEvents], sql` union all `);
}
