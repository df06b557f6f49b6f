import type { SuiteOptions } from "@ocellus/suite/suite.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import type { Job, Spread } from "../ingest/jobs.ts";
import { measureStoring, type Storing } from "../ingest/measure.ts";
import { BATCH, BATCHES } from "../ingest/round.ts";
import { type Measured, startMeasured } from "../ingest/test-suite.ts";

const DAY_MS = 86_400_000;

/** Which times the events have: with the second there is something to materialise all the while. */
const TIMES: Record<string, Spread> = {
  "events of now": {},
  "events of the last 24 hours": { overMs: DAY_MS },
};

/** What was stored while the aggregation service worked, and while it stood still. */
export interface KeepingUp {
  times: string;
  running: Storing[];
  stopped: Storing[];
}

/** Stores the same events with and without the aggregation service, turn by turn, after a round that only warms up. */
export async function measureKeepingUp(
  events: number,
  rounds: number,
  environment: SuiteOptions["environment"],
): Promise<KeepingUp[]> {
  using folder = temporaryFolder();
  await using measured = await startMeasured(folder.path, environment);
  const results = Object.keys(TIMES).map((times): KeepingUp => ({ times, running: [], stopped: [] }));
  await measureStoring(measured, jobOf(measured, Math.ceil(events / 4), {}), []);
  for (let round = 0; round < rounds; round++) {
    for (const { times, running, stopped } of results) {
      const job = jobOf(measured, events, TIMES[times]!);
      const sides = [
        async () => running.push(await measureStoring(measured, job, [])),
        async () => stopped.push(await measureStoring(measured, job, ["aggregation"])),
      ];
      for (const measure of round % 2 === 0 ? sides : sides.reverse()) {
        await measure();
        await measured.pipeline.verify(events);
      }
    }
  }
  return results;
}

function jobOf({ suite }: Measured, events: number, spread: Spread): Job {
  const ingest = { address: `127.0.0.1:${suite.ports.ingest}`, certificates: suite.certificates };
  return { kind: "gRPC batches", events, perCall: BATCH, inFlight: BATCHES, spread, ...ingest };
}
