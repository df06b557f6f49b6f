import { join } from "node:path";
import { readPidFile, removePidFile, writePidFile } from "./pid-file.ts";

/** Takes a data folder for this process, and answers how to give it back. Throws if another process has it. */
export function lockDataFolder(folder: string): () => void {
  const file = join(folder, "lock.json");
  const holder = readPidFile(file);
  if (holder) {
    throw new Error(
      `The suite already runs on ${folder}, as process ${holder.pid}. ` +
        "Stop that one with Ctrl-C or SIGTERM, or set OCELLUS_DATA_DIR to another folder.",
    );
  }
  removePidFile(file);
  writePidFile(file, { name: "suite", pid: process.pid, stopSignal: "SIGTERM" }, "wx");
  return () => removePidFile(file);
}
