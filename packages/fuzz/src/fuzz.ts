import { exitWhenTold } from "@ocellus/suite/exit-when-told.ts";
import { printLine, printProblem } from "@ocellus/suite/report.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { readFuzzConfig } from "./fuzz-config.ts";
import { reportOf } from "./report.ts";
import { runFuzz } from "./run-fuzz.ts";
import { startTarget } from "./target.ts";

exitWhenTold();

try {
  const { SEED, INPUTS, ONLY } = readFuzzConfig();
  const seed = SEED ?? Math.floor(Math.random() * 1_000_000);
  printLine(`seed ${seed}; \`make fuzz INPUTS=${INPUTS} SEED=${seed}\` sends the same again`);
  using folder = temporaryFolder();
  await using target = await startTarget(folder.path);
  const result = await runFuzz(target, { seed, inputs: INPUTS, only: ONLY });
  printLine(`\n${reportOf(result)}`);
  if (result.findings.length > 0) process.exitCode = 1;
} catch (error) {
  process.exitCode = 1;
  printProblem((error as Error).stack ?? String(error));
}
