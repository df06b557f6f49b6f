import { type RawBuilder, sql } from "kysely";
import type { Field } from "./parse-field.ts";
import type { Filter } from "./parse-filters.ts";

type Sql = RawBuilder<unknown>;

/**
 * The value of a field of an event, as a text; null where it is absent, or null in `data`. Names are parameters: no text of a request
 * becomes a part of the statement. The store writes numbers as JSON.stringify does, so equal numbers are equal texts.
 */
export function valueOfField(field: Field): Sql {
  return "column" in field ? sql.ref(field.column) : sql`(data #>> ${field.path}::text[])`;
}

/** Whether an event has one of the values that each of some filters asks for. */
export function matchesAll(filters: readonly Filter[]): Sql {
  return sql.join([sql`true`, ...filters.map(matches)], sql` and `);
}

function matches({ field, values, orAbsent }: Filter): Sql {
  const value = valueOfField(field);
  if (values.length === 0) return sql`${value} is null`;
  const isOne = sql`${value} = any(${values}::text[])`;
  return orAbsent ? sql`(${isOne} or ${value} is null)` : isOne;
}
