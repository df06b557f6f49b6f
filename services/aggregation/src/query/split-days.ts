import { type RawBuilder, sql } from "kysely";
import { intervalOf } from "./buckets.ts";
import { listOf, step, tableOf } from "./level-steps.ts";
import { LEVELS, type Level } from "./levels.ts";
import type { Query } from "./query.ts";
import type { Column } from "./values.ts";

type Sql = RawBuilder<unknown>;

/** Whether days that lie in two buckets may be split by a difference: counts and sums have one, the lowest and the highest have not. */
export const splitsDays = ({ zone }: Query, { table }: Level, columns: readonly Column[]) =>
  table === "days" && zone !== "UTC" && !columns.includes("min") && !columns.includes("max");

/**
 * Splits days of UTC in two by the hours of one part, the shorter one: the other part is the difference. By the day in most zones that
 * reads a few hours of each day instead of all. The first event of the earlier part is that of the day, where it has any.
 */
export function takeSplitDays(query: Query, columns: readonly Column[]): Sql {
  const [days, hours] = LEVELS as [Level, Level];
  const ofSeries = sql`namespace = ${query.namespace} and name = ${query.name}`;
  const added = columns.map((column) => sql`coalesce(sum(${sql.ref(column)}), 0) as ${sql.ref(column)}`);
  const read = columns.map((column) => valueIn(column, sql`part.${sql.ref(column)}`, sql`part.value_count`));
  const rest = columns.map((column) => {
    const difference = (of: string) => sql`coalesce(day.${sql.ref(of)}, 0) - part.${sql.ref(of)}`;
    return valueIn(column, difference(column), sql`(${difference("value_count")})`);
  });
  return sql`
    ${step("split", days)} as (
      select halves.* from ${step("found", days)} as day
        cross join lateral (
          select day.bucket_start + interval '1 day' as "end", day.split_at > day.bucket_start + interval '12 hours' as is_late
        ) as which
        cross join lateral (
          select ${sql.join([sql`min(first_timestamp) as first_timestamp`, sql`coalesce(sum(count), 0)::bigint as count`, ...added])}
          from ${tableOf(hours)} where ${ofSeries}
            and bucket_start >= case when is_late then day.split_at else day.bucket_start end
            and bucket_start < case when is_late then which."end" else day.split_at end
          offset 0
        ) as part
        cross join lateral (
          select ${sql.join([sql`case when is_late then day.key + ${intervalOf(query.unit)} else day.key end as key`, sql`part.first_timestamp`, sql`part.count`, ...read])}
          union all
          select ${sql.join([
            sql`case when is_late then day.key else day.key + ${intervalOf(query.unit)} end`,
            sql`case when is_late then day.first_timestamp else (
              select first_timestamp from ${tableOf(hours)} where ${ofSeries}
                and bucket_start >= day.split_at and bucket_start < which."end" order by bucket_start limit 1) end`,
            sql`day.count - part.count`,
            ...rest,
          ])}
        ) as halves (${sql.join([sql`key`, listOf(columns)])})
      where day.split_at is not null and halves.count > 0
        and day.bucket_start not in (select bucket_start from ${step("broken", days)})
    ),`;
}

/** A sum of no values is null. */
function valueIn(column: Column, value: Sql, valueCount: Sql): Sql {
  return column === "sum" ? sql`case when ${valueCount} > 0 then ${value} end` : value;
}
