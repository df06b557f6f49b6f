import { sql } from "kysely";
import { isCalendar, type Query } from "./query.ts";

/** The lengths at which rollups are kept, in UTC. */
export interface Level {
  table: "days" | "hours" | "quarters";
  /** As PostgreSQL's interval. */
  length: string;
}

/** Coarse to fine: each is made of the next, and the last of events. */
export const LEVELS: readonly Level[] = [
  { table: "days", length: "1 day" },
  { table: "hours", length: "1 hour" },
  { table: "quarters", length: "15 minutes" },
];

/** The levels that answer a query, coarse to fine. */
export const levelsFor = (query: Pick<Query, "unit">): readonly Level[] =>
  isCalendar(query) ? LEVELS : LEVELS.slice(1);

/** A length as PostgreSQL reads it. */
export const lengthOf = ({ length }: Pick<Level, "length">) => sql`interval ${sql.lit(length)}`;
