import { setTimeout as sleep } from "node:timers/promises";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { Child } from "./child.ts";
import type { Job, JobResult } from "./jobs.ts";
import { memoryNow } from "./processes.ts";
import { type Measured, startMeasured } from "./test-suite.ts";

const LOOK_EVERY_MS = 1000;
const MINUTE_MS = 60_000;
/** A queue that is full soon, and stays so. */
const QUEUE_BYTES = 8 * 1024 * 1024;

/** What a long overload came to. */
export interface Soak {
  minutes: number;
  /** Events that were accepted, each of which was stored once and is in its session. */
  events: number;
  /** How many requests the full queue refused, each of which was sent again. */
  refusals: number;
  /** The most memory of each part in each minute, in MiB. */
  memory: Record<string, number[]>;
}

/**
 * Sends more than the suite can store, in every way at once, for so long; what is refused is sent again. Throws unless all that was
 * accepted is stored once at the end.
 */
export async function soak(minutes: number, say: (line: string) => void): Promise<Soak> {
  using folder = temporaryFolder();
  const environment = { ingest: { EVENTS_MAX_BYTES: String(QUEUE_BYTES) } };
  await using measured = await startMeasured(folder.path, environment);
  const { parts, pipeline } = measured;
  const end = Date.now() + minutes * MINUTE_MS;
  const memory: Soak["memory"] = Object.fromEntries(parts.map(({ name }) => [name, []]));
  const sending = Promise.all(jobsFor(measured).map((job) => sendUntil(end, job)));
  for (let minute = 0; minute < minutes; minute++) {
    const minuteEnd = Math.min(end, Date.now() + MINUTE_MS);
    for (const { name } of parts) memory[name]!.push(0);
    while (Date.now() < minuteEnd) {
      for (const [name, mib] of memoryNow(parts)) memory[name]![minute] = Math.max(memory[name]![minute]!, mib);
      await Promise.race([sleep(LOOK_EVERY_MS), sending]);
    }
    say(`minute ${minute + 1}: ${parts.map(({ name }) => `${name} ${memory[name]!.at(-1)} MiB`).join(", ")}`);
  }
  const sent = await sending;
  await pipeline.done();
  const events = sent.reduce((sum, { events }) => sum + events, 0);
  await pipeline.verifyTables(events);
  return { minutes, events, refusals: sent.reduce((sum, { refusals }) => sum + refusals, 0), memory };
}

function jobsFor({ suite, token }: Measured): Job[] {
  const ingest = { address: `127.0.0.1:${suite.ports.ingest}`, certificates: suite.certificates };
  const url = `${suite.urls.gateway}/v1/events`;
  return [
    { kind: "gRPC batches", events: 10_000, perCall: 500, inFlight: 8, searched: true, ...ingest },
    { kind: "gRPC unary", events: 1000, inFlight: 32, ...ingest },
    { kind: "JSON batches", events: 5000, perCall: 500, inFlight: 4, searched: true, url, token },
    { kind: "JSON single", events: 500, inFlight: 16, url, token, wrapped: false },
  ];
}

/** Does a job again and again, in a process of its own. */
async function sendUntil(end: number, job: Job): Promise<{ events: number; refusals: number }> {
  using load = new Child("load-generator.ts");
  let events = 0;
  let refusals = 0;
  while (Date.now() < end) {
    const result = await load.ask<JobResult>(job);
    events += result.events;
    refusals += result.refusals;
  }
  return { events, refusals };
}
