import { expect, test } from "@jest/globals";
import { SHORT } from "@ocellus/chaos/plan.ts";
import { runChaos } from "@ocellus/chaos/run-chaos.ts";

test("every fault happens once, and what was accepted is stored once, in its session and counted", async () => {
  const options = { seed: 1, forMs: 0, durations: SHORT, calmMs: 300, recoverMs: 120_000 };
  const { faults, findings, problems, load } = await runChaos(options);
  expect(problems).toEqual([]);
  expect(findings.events).toMatchObject({ lost: [], doubled: [] });
  expect(findings.events.stored).toBeGreaterThan(1000);
  expect(load.ledger.tallies.queueFull).toBeGreaterThan(0);
  expect([...faults.values()].reduce((sum, { count }) => sum + count, 0)).toBe(16);
}, 600_000);
