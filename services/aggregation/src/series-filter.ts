import { likeOf } from "@ocellus/runtime/glob.ts";
import type { NamespaceLimit } from "@ocellus/runtime/namespace-limit.ts";
import { type RawBuilder, sql } from "kysely";

/** Which series to look at; undefined filters nothing. */
export interface SeriesFilter {
  namespace: string | undefined;
  name: string | undefined;
  /** The namespaces to which the caller is limited. */
  within?: NamespaceLimit | undefined;
}

/** The filter as a condition on the columns `namespace` and `name`. */
export function seriesConditions({ namespace, name, within }: SeriesFilter): RawBuilder<unknown> {
  const conditions = [sql`true`];
  if (namespace !== undefined) conditions.push(sql`namespace = ${namespace}`);
  if (name !== undefined) conditions.push(sql`name = ${name}`);
  if (within) conditions.push(sql`namespace like any(${within.globs.map(likeOf)}::text[])`);
  return sql.join(conditions, sql` and `);
}
