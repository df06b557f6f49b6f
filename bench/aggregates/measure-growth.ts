import { medianOf } from "../shared/median.ts";
import type { LoadedSuite } from "./loaded-suite.ts";
import { type Query, queriesOf } from "./queries.ts";

/** What the same query took by gRPC over few and over ten times as many events; milliseconds are medians. */
export interface Growth {
  query: Query;
  fewMs: number;
  manyMs: number;
}

/** Asks two suites the same, turn by turn, so that a busy machine is so for both. */
export async function measureGrowth(few: LoadedSuite, many: LoadedSuite, repeats: number): Promise<Growth[]> {
  const results: Growth[] = [];
  for (const [index, query] of queriesOf(many.year).entries()) {
    const askers = [few.askers.direct(queriesOf(few.year)[index]!), many.askers.direct(query)] as const;
    const times: [number[], number[]] = [[], []];
    for (let call = -repeats; call < repeats; call++) {
      for (const side of [0, 1] as const) {
        const start = performance.now();
        await askers[side].ask();
        if (call >= 0) times[side].push(performance.now() - start);
      }
    }
    results.push({ query, fewMs: medianOf(times[0]), manyMs: medianOf(times[1]) });
  }
  return results;
}
