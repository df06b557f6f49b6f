// Measures what the suite takes in a second against what its parts take alone: see ../README.md.
import { exitWhenTold } from "@ocellus/suite/exit-when-told.ts";
import { machine } from "@ocellus/suite/machine.ts";
import { printLine } from "@ocellus/suite/report.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { writeResults } from "../shared/write-results.ts";
import { readBenchConfig } from "./bench-config.ts";
import { figuresOf } from "./figures.ts";
import { reportOf, soakReportOf } from "./report.ts";
import { measureRound, type Round } from "./round.ts";
import { soak } from "./soak.ts";
import { profiling, startMeasured } from "./test-suite.ts";

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
  await using measured = await startMeasured(folder.path, profiles ? profiling(profiles) : {});
  await measureRound(measured, Math.ceil(events / 4));
  const results: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}`);
    results.push(await measureRound(measured, events));
  }
  return results;
}

if (import.meta.main) {
  exitWhenTold();
  const config = readBenchConfig();
  if (config.ROUNDS > 0) {
    const options = { events: config.EVENTS, rounds: config.ROUNDS, say: printLine };
    const rounds = await benchIngest({ ...options, ...(config.PROFILE && { profiles: config.PROFILE }) });
    const result = {
      machine: machine(),
      date: new Date().toISOString(),
      events: config.EVENTS,
      figures: figuresOf(rounds),
      rounds,
    };
    tell("ingest", reportOf(rounds, config.EVENTS), result);
  }
  if (config.MINUTES > 0) {
    const result = await soak(config.MINUTES, printLine);
    tell("soak", soakReportOf(result), { machine: machine(), date: new Date().toISOString(), ...result });
  }

  function tell(name: string, report: string, result: object): void {
    printLine(report);
    if (config.RESULTS) writeResults(config.RESULTS, { [`${name}.txt`]: report, [`${name}.json`]: result });
  }
}
