import { sqlStateOf } from "@ocellus/runtime/database-errors.ts";
import { isStaleRouting } from "./partitions/stale-routing.ts";

/** Classes of SQLSTATE that blame the data: data exception, integrity violation, program limit exceeded. */
const POISON_CLASSES = new Set(["22", "23", "54"]);

/** Whether PostgreSQL refused a statement because of its data, so that trying again is of no use. */
export function isPoison(error: unknown): boolean {
  return POISON_CLASSES.has(sqlStateOf(error)?.slice(0, 2) ?? "") && !isStaleRouting(error);
}
