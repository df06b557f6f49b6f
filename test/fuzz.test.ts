import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { reportOf } from "@ocellus/fuzz/report.ts";
import { runFuzz } from "@ocellus/fuzz/run-fuzz.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"], { LOG_LEVEL: "error" });
});
afterAll(() => bed?.stop());

test.each([
  ["the same as ever", 6],
  ["new ones", Math.floor(Math.random() * 1_000_000)],
])(
  "whatever is sent is answered, by no fault of ours, and tells nothing of the inside: %s (seed %d)",
  async (_, seed) => {
    const result = await runFuzz(bed, { seed, inputs: 1000 });
    if (result.findings.length > 0) throw new Error(`make fuzz INPUTS=1000 SEED=${seed}\n${reportOf(result)}`);
    expect(result.kinds.every(({ answers }) => answers.size > 0)).toBe(true);
  },
);
