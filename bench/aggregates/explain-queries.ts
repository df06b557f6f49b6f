import { explainAnswer } from "./explain-answer.ts";
import { figuresOf } from "./figures.ts";
import type { LoadedSuite } from "./loaded-suite.ts";
import type { QueryMeasured } from "./measure-queries.ts";
import { explainRaw } from "./raw-query.ts";

/** The plans of the queries of which a figure is not reached: of what the service sends, and of the same over the events. */
export async function explainQueries(
  { askers, dataDir, measured: { database } }: LoadedSuite,
  queries: QueryMeasured[],
): Promise<string> {
  const plans: string[] = [];
  for (const measured of queries) {
    if (figuresOf({ queries: [measured] }).every(({ reached }) => reached)) continue;
    const { query, raw } = measured;
    const answer = await explainAnswer(database, dataDir, query.name, askers.direct(query).ask);
    plans.push(`## ${query.title}\n${answer}\n`);
    plans.push(`## ${query.title}, over the events\n${await explainRaw(database, query, raw.plan)}\n`);
  }
  return plans.join("\n");
}
