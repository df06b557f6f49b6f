import { expect, test } from "@jest/globals";
import { benchIngest } from "./bench-ingest.ts";
import { figuresOf } from "./figures.ts";
import { reportOf } from "./report.ts";
import { soak } from "./soak.ts";

const silent = () => {};

test("a small run measures every way, and finds every event that it sent", async () => {
  const [round, ...others] = await benchIngest({ events: 2000, rounds: 1, say: silent });
  expect(others).toEqual([]);
  const { rawCopy, storing, ...ways } = round!;
  expect([rawCopy, storing].every((rate) => rate > 0)).toBe(true);
  for (const { accepted, p50, p99, loadBusy } of Object.values(ways)) {
    expect(accepted).toBeGreaterThan(0);
    expect(p99).toBeGreaterThanOrEqual(p50);
    expect(loadBusy).toBeGreaterThan(0);
  }
  for (const { accepted, stored, counted } of [ways.batches, ways.stream, ways.unary, ways.jsonBatches]) {
    expect(stored).toBeLessThanOrEqual(accepted);
    expect(counted).toBeLessThanOrEqual(stored!);
  }
  expect(figuresOf([round!]).every(({ median }) => median > 0)).toBe(true);
  expect(reportOf([round!], 2000)).toContain("gRPC unary ÷ grpc-js echo");
});

test("an overload is stored in the end, event by event", async () => {
  const { events, memory } = await soak(0.05, silent);
  expect(events).toBeGreaterThan(0);
  expect(memory.ingest).toHaveLength(1);
});
