import { setTimeout as sleep } from "node:timers/promises";
import { MemoryWatch } from "@ocellus/suite/memory-watch.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { diceOf } from "../../../test/support/dice.ts";
import type { Fault } from "./faults/fault.ts";
import { Load } from "./load/load.ts";
import { type Durations, planRound } from "./plan.ts";
import { Recovery } from "./recovery.ts";
import { Target } from "./target/target.ts";
import { type Findings, verify } from "./verify/verify.ts";

export interface ChaosOptions {
  /** The same seed makes the same faults in the same order. */
  seed: number;
  /** Rounds of faults go on for so long; the first is made whole in any case. */
  forMs: number;
  durations: Durations;
  /** The longest calm between two faults. */
  calmMs: number;
  /** After a fault is mended, everything serves again and is stored, in its session and counted within so long. */
  recoverMs: number;
  /** Keeps the data and the logs, which are gone at the end otherwise. */
  dataDir?: string;
  /** Hears of each fault. */
  report?: (line: string) => void;
}

/** What happened, and what came of it. */
export interface ChaosResult {
  seed: number;
  /** What was asked of each recovery. */
  recoverMs: number;
  seconds: number;
  /** How often each fault happened, and the slowest recovery from it in seconds. */
  faults: Map<string, { count: number; recovery: number }>;
  load: Load;
  memory: ReadonlyMap<string, number>;
  findings: Findings;
  /** Everything that must not be. */
  problems: string[];
}

/** Starts a suite of its own, breaks it under load again and again, and compares what it keeps with what it answered. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  using folder = temporaryFolder();
  const target = await Target.start(options.dataDir ?? folder.path);
  const memory = new MemoryWatch({
    nameOf: (pid, parent) => target.partOf(pid, parent),
    failed: ({ message }) => target.problems.push(`memory could not be watched: ${message}`),
  });
  try {
    const start = performance.now();
    const load = new Load(target, options.seed);
    load.start();
    const { faults, failure } = await breakIt(target, load, options);
    await load.stop(options.recoverMs);
    const seconds = (performance.now() - start) / 1000;
    const findings = await verify(target, load, options.recoverMs);
    const problems = [...failure, ...target.problems, ...load.ledger.problems, ...problemsOf(findings)];
    return {
      seed: options.seed,
      recoverMs: options.recoverMs,
      seconds,
      faults,
      load,
      memory: memory.peaks,
      findings,
      problems,
    };
  } finally {
    memory.stop();
    await target.stop();
  }
}

async function breakIt(
  target: Target,
  load: Load,
  { seed, forMs, durations, calmMs, recoverMs, report = () => {} }: ChaosOptions,
) {
  const dice = diceOf(seed);
  const recovery = new Recovery(target, load);
  const faults: ChaosResult["faults"] = new Map();
  const end = performance.now() + forMs;
  try {
    do {
      for (const step of planRound(durations, dice)) {
        await sleep(dice() * calmMs);
        const names = step.map(({ name }) => name).join(", together with ");
        report(names);
        const outcomes = await Promise.allSettled(step.map((fault) => fault.happen({ target, load, dice })));
        for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
        const took = (await recovery.complete(recoverMs)) / 1000;
        for (const fault of step) note(faults, fault, took);
        report(`  recovered within ${took.toFixed(1)} s`);
      }
    } while (performance.now() < end);
    return { faults, failure: [] };
  } catch (error) {
    // What is broken is still verified: it says what the failure has cost.
    const { message } = error as Error;
    report(`  NOT RECOVERED: ${message}`);
    return { faults, failure: [message] };
  }
}

function note(faults: ChaosResult["faults"], { name }: Fault, took: number): void {
  const { count = 0, recovery = 0 } = faults.get(name) ?? {};
  faults.set(name, { count: count + 1, recovery: Math.max(recovery, took) });
}

function problemsOf({ events, problems }: Findings): string[] {
  const { lost, doubled, unwanted, different, unanswered } = events;
  const named = (what: string, ones: string[]) => ones.map((one) => `${what}: ${one}`);
  return [
    ...named("lost", lost),
    ...named("doubled", doubled),
    ...named("unwanted", unwanted),
    ...named("different", different),
    ...named("unanswered", unanswered),
    ...problems,
  ];
}
