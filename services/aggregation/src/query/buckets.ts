import { isoOf, type Micros } from "@ocellus/runtime/time.ts";
import { type RawBuilder, sql } from "kysely";
import { isCalendar, type Query, type Unit } from "./query.ts";

type Sql = RawBuilder<unknown>;
type Clock = Pick<Query, "unit" | "zone">;

/** PostgreSQL's interval of a unit. */
export const intervalOf = (unit: Unit) => sql`interval ${sql.lit(unit === "quarter" ? "3 months" : `1 ${unit}`)}`;

/** A time as PostgreSQL's timestamptz. */
export const timeOf = (micros: Micros) => sql`${isoOf(micros)}::timestamptz`;

/**
 * What tells apart the buckets that times are in, and orders them. Of days and longer it is the local time at which they start,
 * without a zone; of hours and shorter the time at which they start by the offset in force, so that an hour which comes twice is two.
 */
export function keyOf({ unit, zone }: Clock, time: Sql): Sql {
  if (unit === "microsecond") return time;
  if (isCalendar({ unit })) return sql`date_trunc(${sql.lit(unit)}, timezone(${zone}, ${time}))`;
  return sql`date_trunc(${sql.lit(unit)}, ${time}, ${zone})`;
}

/**
 * The time at which the bucket of a key starts. Where midnight comes twice PostgreSQL takes the second; a day starts at the
 * first. No time before the year 1 can be answered.
 */
export function startOf({ unit, zone }: Clock, key: Sql): Sql {
  if (zone === "UTC") return isCalendar({ unit }) ? sql`timezone('UTC', ${key})` : key;
  const earliest = sql`timestamptz '0001-01-01 00:00Z'`;
  if (!isCalendar({ unit })) return sql`greatest(${key}, ${earliest})`;
  // Mostly the clock goes steadily through the day before; else the offset of then may find the wanted time once more, and earlier.
  return sql`(
    select greatest(case
      when before + interval '1 day' = wanted then second
      when timezone(${zone}, first) = wanted then least(first, second)
      else second end, ${earliest})
    from (select ${key} as wanted) as keys,
      lateral (select timezone(${zone}, wanted) as second offset 0) as seconds,
      lateral (select timezone(${zone}, second - interval '1 day') as before offset 0) as befores,
      lateral (select second - interval '1 day' + (wanted - before) as first) as firsts
  )`;
}

/** How many seconds of the bucket of a key lie within the window. */
export function secondsOf(query: Query, key: Sql): Sql {
  const { unit, zone, min, max } = query;
  const within = (start: Sql, end: Sql) => {
    const from = min === undefined ? start : sql`greatest(${start}, ${timeOf(min)})`;
    const until = max === undefined ? end : sql`least(${end}, ${timeOf(max + 1n)})`;
    return sql`greatest(extract(epoch from ${until} - ${from}), 0)`;
  };
  if (isCalendar(query)) return within(startOf(query, key), startOf(query, sql`(${key} + ${intervalOf(unit)})`));
  if (unit !== "hour" || zone === "UTC") return within(key, sql`(${key} + ${intervalOf(unit)})`);
  // Where the clock is changed within an hour, the hour is shorter: its quarters are those that have its key.
  const quarter = sql`interval '15 minutes'`;
  return sql`(
    select sum(${within(sql`at`, sql`(at + ${quarter})`)})
    from generate_series(${key} - interval '1 hour', ${key} + interval '2 hours', ${quarter}) as at
    where ${keyOf(query, sql`at`)} = ${key}
  )`;
}
