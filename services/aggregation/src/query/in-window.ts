import { type RawBuilder, sql } from "kysely";
import { timeOf } from "./buckets.ts";
import type { Query } from "./query.ts";

/** Whether an event is of the series and in the window of a query. */
export function inWindow({ namespace, name, min, max }: Query): RawBuilder<unknown> {
  const conditions = [sql`namespace = ${namespace}`, sql`name = ${name}`];
  if (min !== undefined) conditions.push(sql`"timestamp" >= ${timeOf(min)}`);
  if (max !== undefined) conditions.push(sql`"timestamp" <= ${timeOf(max)}`);
  return sql.join(conditions, sql` and `);
}
