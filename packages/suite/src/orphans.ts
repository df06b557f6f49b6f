import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readPidFile, removePidFile } from "./pid-file.ts";
import { signalProcess, startOfProcess } from "./process-identity.ts";

const KILL_AFTER_MS = 15_000;
const LOOK_EVERY_MS = 20;

/**
 * Stops what an earlier run left running when it was killed: the processes written down in `folder`, as long as they are
 * still the same ones. Reports a line for each.
 */
export async function stopOrphans(folder: string, report: (line: string) => void): Promise<void> {
  await Promise.all(pidFilesIn(folder).map((file) => stopOrphan(file, report)));
}

async function stopOrphan(file: string, report: (line: string) => void): Promise<void> {
  const orphan = readPidFile(file);
  if (orphan) {
    report(`stopping ${orphan.name}, which an earlier run left behind as process ${orphan.pid}`);
    const runs = () => startOfProcess(orphan.pid) === orphan.start;
    signalProcess(orphan.pid, orphan.stopSignal);
    const deadline = performance.now() + KILL_AFTER_MS;
    while (runs() && performance.now() < deadline) await delay(LOOK_EVERY_MS);
    if (runs()) signalProcess(orphan.pid, "SIGKILL");
    while (runs()) await delay(LOOK_EVERY_MS);
  }
  removePidFile(file);
}

function pidFilesIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
