import type { DatabaseService } from "@ocellus/suite/database-roles.ts";
import type { Job, JobResult } from "./jobs.ts";
import { cpuOf, forgetPeaks, peaksOf } from "./processes.ts";
import type { Measured } from "./test-suite.ts";

/** What one measurement saw. Rates are events a second. */
export interface Measurement {
  /** Until all were answered. */
  accepted: number;
  /** Until all were in the table, too. */
  stored?: number;
  /** Until all were in their sessions and counted, too. */
  counted?: number;
  /** Of single calls, in milliseconds. */
  p50: number;
  p99: number;
  /** CPU microseconds for each event, by part. */
  cpu: Record<string, number>;
  /** The largest process of each part, in MiB. */
  memory: Record<string, number>;
  /** The share of the time in which the load generator was busy. */
  loadBusy: number;
}

/** What storing alone came to: events a second, and CPU microseconds for each event, of all parts of the suite together. */
export interface Storing {
  rate: number;
  cpu: number;
}

/** Runs a job that has nothing to do with the suite. */
export async function measureAlone({ load }: Measured, job: Job): Promise<Measurement> {
  const result = await load.ask<JobResult>(job);
  return { ...seen(result), cpu: { load: perEvent(result.cpuSeconds, job) }, memory: {} };
}

/** Runs a job against an empty suite until all its events are counted, checks that they are, and leaves them there. */
export async function measureSuite(measured: Measured, job: Job): Promise<Measurement> {
  const { load, parts, pipeline } = measured;
  await pipeline.empty();
  forgetPeaks(parts);
  const before = cpuOf(parts);
  const result = await load.ask<JobResult>(job);
  const { stored, sessionised, counted } = await pipeline.done();
  const after = cpuOf(parts);
  const memory = Object.fromEntries(peaksOf(parts));
  await pipeline.verify(job.events);
  const rate = (until: number) => job.events / ((until - result.start) / 1000);
  const cpu = [...after].map(([name, seconds]) => [name, perEvent(seconds - before.get(name)!, job)]);
  return {
    ...seen(result),
    stored: rate(stored),
    counted: rate(Math.max(sessionised, counted)),
    cpu: { load: perEvent(result.cpuSeconds, job), ...Object.fromEntries(cpu) },
    memory,
  };
}

/**
 * Runs a job against an empty suite until all its events are stored, while some services stand still; then lets these catch up.
 * Leaves the events there.
 */
export async function measureStoring(measured: Measured, job: Job, stopped: DatabaseService[]): Promise<Storing> {
  const { load, parts, pipeline, suite } = measured;
  await pipeline.empty();
  const others = stopped.map((name) => suite.services[name]);
  for (const { pid } of others) process.kill(pid, "SIGSTOP");
  try {
    const before = cpuOf(parts);
    const { start } = await load.ask<JobResult>(job);
    const seconds = ((await pipeline.stored()) - start) / 1000;
    const used = [...cpuOf(parts)].reduce((sum, [name, cpu]) => sum + cpu - before.get(name)!, 0);
    return { rate: job.events / seconds, cpu: perEvent(used, job) };
  } finally {
    for (const { pid } of others) process.kill(pid, "SIGCONT");
    await pipeline.done();
  }
}

const seen = ({ events, seconds, p50, p99, busy }: JobResult) => ({
  accepted: events / seconds,
  p50,
  p99,
  loadBusy: busy,
});

const perEvent = (seconds: number, { events }: Job) => (seconds / events) * 1e6;
