import type { Test } from "@jest/test-result";
import sequencer from "@jest/test-sequencer";

/** What takes longest, where nothing is known of an earlier run: begun last, one of them would run alone in the end. */
export const LONGEST = [
  "test/chaos.test.ts",
  "bench/aggregates/bench-aggregates.test.ts",
  "bench/ingest/bench-ingest.test.ts",
  "test/client-tracker.test.ts",
  "packages/suite/src/suite.test.ts",
  "services/aggregation/test/oracle/calendars.test.ts",
  "services/sessions/test/deleting-persons.test.ts",
  "test/fuzz.test.ts",
  "services/aggregation/test/levels.test.ts",
  "test/traces.test.ts",
  "bench/lists/list-events.test.ts",
  "packages/suite/src/postgres.test.ts",
  "test/outages.test.ts",
  "test/replicas.test.ts",
];

// It is imported as a module, and its types are those of CommonJS.
const Sequencer = sequencer as unknown as typeof sequencer.default;

/** Runs the test files that take longest first, and the others as jest would: by how long they took, or else by their size. */
export default class LongestFirst extends Sequencer {
  override sort(tests: Test[]): Test[] {
    const rank = ({ path }: Test) => {
      const at = LONGEST.findIndex((name) => path.endsWith(`/${name}`));
      return at === -1 ? LONGEST.length : at;
    };
    return (super.sort(tests) as Test[]).toSorted((a, b) => rank(a) - rank(b));
  }
}
