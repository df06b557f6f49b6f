// Measures what the suite takes in a second against what its parts take alone: see ../README.md.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { printLine } from "@ocellus/suite/report.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { readBenchConfig } from "./bench-config.ts";
import { machine, reportOf, summaryOf } from "./report.ts";
import { measureRound, type Round } from "./round.ts";
import { startMeasured } from "./test-suite.ts";

export interface IngestBench {
  events: number;
  rounds: number;
  /** A folder for a CPU profile of each service. */
  profiles?: string;
  say: (line: string) => void;
}

/** Measures everything several times, after a first time that only warms up. */
export async function benchIngest({ events, rounds, profiles, say }: IngestBench): Promise<Round[]> {
  using folder = temporaryFolder();
  await using measured = await startMeasured(folder.path, profiles);
  await measureRound(measured, Math.ceil(events / 4));
  const results: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}`);
    results.push(await measureRound(measured, events));
  }
  return results;
}

if (import.meta.main) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
  const config = readBenchConfig();
  const rounds = await benchIngest({
    events: config.EVENTS,
    rounds: config.ROUNDS,
    ...(config.PROFILE && { profiles: config.PROFILE }),
    say: printLine,
  });
  const report = reportOf(rounds, config.EVENTS);
  printLine(report);
  if (config.RESULTS) {
    mkdirSync(config.RESULTS, { recursive: true });
    writeFileSync(join(config.RESULTS, "ingest.txt"), `${report}\n`);
    const result = { machine: machine(), events: config.EVENTS, ratios: summaryOf(rounds), rounds };
    writeFileSync(join(config.RESULTS, "ingest.json"), `${JSON.stringify(result, undefined, 1)}\n`);
  }
}
