import { join } from "node:path";
import { printLine, printProblem } from "./report.ts";
import { writeShellExports } from "./shell-exports.ts";
import { shortPath } from "./short-path.ts";
import { type Suite, startSuite } from "./suite.ts";
import { readSuiteConfig } from "./suite-config.ts";

/** Aborts when somebody asks for the end. */
const asked = new AbortController();

// A terminal that is gone takes no more lines; the suite is to be stopped in order all the same.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    // The second time: whatever still runs is ended at once as this process exits.
    if (asked.signal.aborted) process.exit(130);
    printLine(signal === "SIGINT" ? "\nstopping; press Ctrl-C again to stop at once" : "stopping");
    asked.abort(signal);
  });
}

try {
  const config = readSuiteConfig(process.env);
  const suite = await startSuite({
    ...config,
    signal: asked.signal,
    report: printLine,
    reportSlow: process.stdout.isTTY ? printLine : undefined,
  });
  const exportsFile = join(config.dataDir, "dev.env");
  writeShellExports(exportsFile, suite);
  printReady(suite, exportsFile);

  const failure = await Promise.race([suite.failed, whenAsked()]);
  if (failure) {
    process.exitCode = 1;
    printProblem(`${failure.message}\nStopping the rest.`);
  }
  await suite.stop();
} catch (error) {
  if (!asked.signal.aborted) {
    process.exitCode = 1;
    printProblem((error as Error).message);
  }
}

function whenAsked(): Promise<undefined> {
  return new Promise((resolve) => {
    if (asked.signal.aborted) resolve(undefined);
    asked.signal.addEventListener("abort", () => resolve(undefined));
  });
}

function printReady({ urls }: Suite, exportsFile: string): void {
  const next = [
    [urls.gateway, "REST, Connect, gRPC and gRPC-Web"],
    [`. ${shortPath(exportsFile)}`, "gives a shell the addresses, the first client and the developer's certificate"],
    ["make demo", "sends events and shows what becomes of them"],
    ["Ctrl-C", "stops it all"],
  ];
  printLine(`ready in ${(performance.now() / 1000).toFixed(1)} s\n`);
  for (const [what, purpose] of next) printLine(`  ${what!.padEnd(28)} ${purpose}`);
}
