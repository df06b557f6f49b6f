import { constraintOf, sqlStateOf } from "@ocellus/runtime/database-errors.ts";
import { isStaleRouting } from "./partitions/stale-routing.ts";

/** Classes of SQLSTATE that blame the data: data exception, integrity violation, program limit exceeded. */
const POISON_CLASSES = new Set(["22", "23", "54"]);

/** Why PostgreSQL refused an event, without what it tells of the row and of the table. */
export function refusalOf(error: unknown): string {
  const state = sqlStateOf(error) ?? "";
  const why: Record<string, string> = {
    "22": "it holds a value that cannot be stored",
    "23": `it breaks the rule "${constraintOf(error)}"`,
    "54": "it is too large",
  };
  return `PostgreSQL refused the event: ${why[state.slice(0, 2)]} (${state})`;
}

/** Whether PostgreSQL refused a statement because of its data, so that trying again is of no use. */
export function isPoison(error: unknown): boolean {
  return POISON_CLASSES.has(sqlStateOf(error)?.slice(0, 2) ?? "") && !isStaleRouting(error);
}
