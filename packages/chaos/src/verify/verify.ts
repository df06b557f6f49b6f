import type { Load } from "../load/load.ts";
import type { Target } from "../target/target.ts";
import { untilQuiet } from "./until-quiet.ts";
import { verifyAggregates, verifyBuckets } from "./verify-aggregates.ts";
import { type EventFindings, verifyEvents, verifyPoison } from "./verify-events.ts";
import { verifySessions } from "./verify-sessions.ts";

/** What a whole verification found. */
export interface Findings {
  events: EventFindings;
  sessions: number;
  aggregateQueries: number;
  buckets: number;
  problems: string[];
}

/** Waits until nothing is on its way, and compares everything that is kept with what was answered and with a recount. */
export async function verify(target: Target, load: Load, quietWithinMs: number): Promise<Findings> {
  const unrest = await untilQuiet(target, quietWithinMs).then(
    () => [],
    (error: Error) => [error.message],
  );
  const { entries } = load.ledger;
  const events = await verifyEvents(target, entries);
  const poison = await verifyPoison(target, entries);
  const sessions = await verifySessions(target);
  const aggregates = await verifyAggregates(target);
  const buckets = await verifyBuckets(target);
  return {
    events,
    sessions: sessions.sessions,
    aggregateQueries: aggregates.queries,
    buckets: buckets.buckets,
    problems: [...unrest, ...poison, ...sessions.problems, ...aggregates.problems, ...buckets.problems],
  };
}
