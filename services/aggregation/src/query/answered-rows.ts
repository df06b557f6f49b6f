import { type RawBuilder, sql } from "kysely";
import { startOf } from "./buckets.ts";
import { bucketGrid } from "./fill-gaps.ts";
import type { Query } from "./query.ts";
import { valuesOf } from "./values.ts";

type Sql = RawBuilder<unknown>;

/** The end of a statement: answers what is `merged`, oldest first, and rows without a count where gaps are to be filled. */
export function answeredRows(query: Query, limit: number): Sql {
  return sql`${gridFor(query)} select ${columnsOf(query)} from ${rowsOf(query)} order by ${placeOf(query)} limit ${limit}`;
}

/** The same beside what is known of the `scan`, in a row of its own where nothing is merged. */
export function scannedRows(query: Query, limit: number): Sql {
  return sql`
    ${gridFor(query)} select scan.*, key is null as nothing, ${columnsOf(query)}
    from scan left join ${rowsOf(query)} on true order by ${placeOf(query)} limit ${limit}`;
}

const gridFor = (query: Query) => (query.gapFill === "none" ? sql`` : sql`, ${bucketGrid(query)}`);

/** What a row is of: its bucket, and where there are groups, the rank of its group, by which `ranked` has them all but "other". */
const placeOf = ({ groupBy }: Query) => (groupBy ? sql`key, rank` : sql`key`);

function rowsOf(query: Query): Sql {
  const { gapFill, groupBy } = query;
  const all = groupBy ? sql`(grid cross join (select distinct rank from merged) as ranks)` : sql`grid`;
  const filled = sql`(counted left join (${all} full join merged using (${placeOf(query)})) on true)`;
  const rows = gapFill === "none" ? sql`merged` : filled;
  return groupBy ? sql`(${rows} left join ranked using (rank))` : rows;
}

function columnsOf(query: Query): Sql {
  const columns = [
    sql`${startOf(query, sql`key`)} as bucket_start`,
    sql`first_timestamp`,
    sql`count`,
    sql`${valuesOf(query)} as values`,
  ];
  if (query.gapFill !== "none") columns.push(sql`asked`);
  if (query.groupBy) columns.push(sql`rank`, sql`"group"`, sql`rank > ${query.top} as other`);
  return sql.join(columns);
}
