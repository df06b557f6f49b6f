import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { exitWhenTold } from "@ocellus/suite/exit-when-told.ts";
import { printLine, printProblem } from "@ocellus/suite/report.ts";
import { readChaosConfig } from "./chaos-config.ts";
import { FULL, SHORT } from "./plan.ts";
import { reportOf, summaryOf } from "./report.ts";
import { runChaos } from "./run-chaos.ts";

exitWhenTold();

try {
  const config = readChaosConfig();
  const seed = config.SEED ?? Math.floor(Math.random() * 1_000_000);
  printLine(`seed ${seed}; \`make chaos SEED=${seed}\` breaks the same again, in the same order`);
  const result = await runChaos({
    seed,
    forMs: config.MINUTES * 60_000,
    durations: config.SHORT ? SHORT : FULL,
    calmMs: 3000,
    recoverMs: config.RECOVER_WITHIN * 1000,
    dataDir: config.DATA || undefined,
    report: (line) => printLine(`${new Date().toISOString().slice(11, 19)} ${line}`),
  });
  const report = reportOf(result);
  printLine(`\n${report}`);
  if (config.REPORT) {
    mkdirSync(dirname(config.REPORT), { recursive: true });
    writeFileSync(`${config.REPORT}.txt`, `${report}\n`);
    writeFileSync(`${config.REPORT}.json`, `${JSON.stringify(summaryOf(result), undefined, 2)}\n`);
  }
  if (result.problems.length > 0) process.exitCode = 1;
} catch (error) {
  process.exitCode = 1;
  printProblem((error as Error).stack ?? String(error));
}
