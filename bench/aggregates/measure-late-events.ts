import { setTimeout as sleep } from "node:timers/promises";
import type { JobResult } from "../ingest/jobs.ts";
import { BATCH, BATCHES } from "../ingest/round.ts";
import { medianOf } from "../shared/median.ts";
import { type Check, checkBounds } from "./check-bounds.ts";
import { type LoadedSuite, untilMaterialised } from "./loaded-suite.ts";
import { DAY_MS, OTHERS, type Year } from "./series-lines.ts";

const DAYS = 90;

/** What came of a burst of late events. Seconds since the first was sent. */
export interface LateEvents {
  events: number;
  series: number;
  accepted: number;
  stored: number;
  /** Until their buckets were marked. */
  marked: number;
  /** Until no bucket was dirty. */
  materialised: number;
  /** Queries that were compared with full scans meanwhile, and those whose answers were none of theirs. */
  checks: number;
  wrong: string[];
  /** The median of those queries. */
  queryMs: number;
}

/** How late events are sent, and asked for meanwhile. */
export interface LateOptions {
  events: number;
  series: number;
  mixed: boolean;
  /** Each check scans the events twice. */
  checkEveryMs: number;
  say: (line: string) => void;
}

/** Sends events of the last 90 days of the year, and asks meanwhile. */
export async function measureLateEvents(
  { measured, askers, year }: LoadedSuite,
  { events, series, mixed, checkEveryMs, say }: LateOptions,
): Promise<LateEvents> {
  const { suite, load, pipeline } = measured;
  const names = OTHERS.slice(0, series);
  const window = { start: year.end - DAYS * DAY_MS, end: year.end };
  const checks: Promise<Check>[] = [];
  const over = new AbortController();
  const checking = async () => {
    for (let turn = 0; !over.signal.aborted; turn++) {
      const check = checkBounds({ measured, askers }, names[turn % names.length]!, weekOf(window, turn));
      // It is waited for at the end, where it throws.
      check.catch(() => {});
      checks.push(check);
      await sleep(checkEveryMs, undefined, { signal: over.signal }).catch(() => {});
    }
  };
  const sending = load.ask<JobResult>({
    kind: "gRPC batches",
    events,
    perCall: BATCH,
    inFlight: BATCHES,
    searched: true,
    address: `127.0.0.1:${suite.ports.ingest}`,
    certificates: suite.certificates,
    spread: { names, overMs: window.end - window.start, endMs: window.end, mixed },
  });
  const asked = checking();
  try {
    const { start, seconds } = await sending;
    const { stored, counted } = await pipeline.done();
    await untilMaterialised(measured, askers, say);
    const materialised = performance.timeOrigin + performance.now();
    over.abort();
    await asked;
    const last = names.map((name) => checkBounds({ measured, askers }, name, window));
    const done = await Promise.all([...checks, ...last]);
    const since = (time: number) => (time - start) / 1000;
    return {
      events,
      series,
      accepted: seconds,
      stored: since(stored),
      marked: since(counted),
      materialised: since(materialised),
      checks: done.length,
      wrong: done.flatMap(({ problem }) => problem ?? []),
      queryMs: medianOf(done.map(({ queryMs }) => queryMs)),
    };
  } finally {
    over.abort();
  }
}

/** A week with ragged ends, another one at each turn, so that all of the window gets its turn. */
function weekOf({ start, end }: Year, turn: number): Year {
  const room = end - start - 7 * DAY_MS;
  const from = start + ((turn * 17 * DAY_MS + turn * 7919) % room);
  return { start: from, end: from + 7 * DAY_MS };
}
