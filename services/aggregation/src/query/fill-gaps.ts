import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { type RawBuilder, sql } from "kysely";
import type { AnsweredRow } from "./answer-rows.ts";
import { intervalOf, keyOf, startOf, timeOf } from "./buckets.ts";
import { isCalendar, type Query, type Unit } from "./query.ts";
import { MAX_BUCKETS, tooManyBuckets } from "./read-query.ts";

type Sql = RawBuilder<unknown>;

const MONTHS: Partial<Record<Unit, number>> = { month: 1, quarter: 3, year: 12 };

/**
 * The common table expressions `ends`, one row unless `merged` has none, and `grid`: the keys of all buckets of the window, an end
 * that is left out being that of `merged`. The grid is empty where there are too many: `ends.asked` says how many there are.
 */
export function bucketGrid(query: Query): Sql {
  const { min, max } = query;
  return sql`
    ends as (
      select ${min === undefined ? sql`min(key)` : keyOf(query, timeOf(min))} as first,
        ${max === undefined ? sql`max(key)` : keyOf(query, timeOf(max))} as last
      from merged having count(*) > 0
    ),
    counted as (select first, last, (${countOf(query)})::bigint as asked from ends),
    grid as (select key from counted cross join lateral (${keysOf(query)}) as keys where asked <= ${MAX_BUCKETS})`;
}

/** How many buckets there are from the key `first` to the key `last`. */
function countOf({ unit }: Query): Sql {
  const months = MONTHS[unit];
  if (!months) {
    return sql`extract(epoch from last - first) / extract(epoch from ${intervalOf(unit)}) + 1`;
  }
  const monthOf = (key: Sql) => sql`(extract(year from ${key}) * 12 + extract(month from ${key}))`;
  return sql`(${monthOf(sql`last`)} - ${monthOf(sql`first`)}) / ${sql.lit(months)} + 1`;
}

/** The keys from `first` to `last`. */
function keysOf(query: Query): Sql {
  const { unit, zone } = query;
  const step = intervalOf(unit);
  if (zone === "UTC") return sql`select generate_series(first, last, ${step}) as key`;
  if (isCalendar(query)) {
    // A day that the zone left out has no start of its own.
    return sql`
      select key from generate_series(first, last, ${step}) as key
      where ${keyOf(query, startOf(query, sql`key`))} = key`;
  }
  if (unit !== "hour") return sql`select generate_series(first, last, ${step}) as key`;
  // Where the clock is changed by a part of an hour, hours start at another minute from then on.
  return sql`
    select key from (
      select distinct ${keyOf(query, sql`at`)} as key
      from generate_series(first, last + interval '45 minutes', interval '15 minutes') as at
    ) as hours where key between first and last`;
}

/** A row with the number of buckets that were asked for. */
export interface CountedRow extends AnsweredRow {
  asked?: string;
}

/** Gives values to the rows that fill gaps. Throws INVALID_ARGUMENT where too many buckets are asked for. */
export function fillGaps(rows: CountedRow[], { gapFill }: Query): AnsweredRow[] {
  const asked = rows[0]?.asked;
  const violations = asked === undefined ? [] : tooManyBuckets(BigInt(asked));
  if (violations.length > 0) throw invalidArgument(violations);
  const before = new Map<string | undefined, AnsweredRow["values"]>();
  return rows.map((row) => {
    if (row.count !== null) {
      before.set(row.rank, row.values);
      return row;
    }
    const values =
      gapFill === "zero" ? row.values.map(() => 0) : gapFill === "previous" ? (before.get(row.rank) ?? []) : [];
    return { ...row, values };
  });
}
