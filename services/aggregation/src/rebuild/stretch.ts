import type { EntityManager } from "@mikro-orm/postgresql";
import { isoOf, type Micros, microsOfSql } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { QUARTER_MICROS, quarterOf } from "../quarter.ts";
import type { NamedSeries } from "./next-series.ts";

/** Some quarters of an hour of one series: `from` is the start of one, and so is `to`, which is not in it. */
export interface Stretch extends NamedSeries {
  from: Micros;
  to: Micros;
}

/** What bounds the work of a stretch: how many events and how many quarters it has at most, where it is more than one. */
const MAX_EVENTS = 50_000;
const MAX_QUARTERS = 1000;

/** The longest stretch from a time on, up to another, that is not too much work. */
export async function stretchOf(em: EntityManager, series: NamedSeries, from: Micros, to: Micros): Promise<Stretch> {
  const { namespace, name } = series;
  const after = (column: string, count: number) => sql`
    namespace = ${namespace} and name = ${name} and ${sql.ref(column)} >= ${isoOf(from)}::timestamptz
      and ${sql.ref(column)} < ${isoOf(to)}::timestamptz order by ${sql.ref(column)} offset ${count} limit 1`;
  const { rows } = await sql<{ at: string | null }>`
    select least(
      (select "timestamp" from ingest.events where ${after("timestamp", MAX_EVENTS)}),
      (select bucket_start from aggregation.quarters where ${after("bucket_start", MAX_QUARTERS)})
    ) as at`.execute(em.getKysely());
  const at = rows[0]?.at;
  if (!at) return { ...series, from, to };
  const end = quarterOf(microsOfSql(at));
  return { ...series, from, to: end > from ? end : from + QUARTER_MICROS };
}
