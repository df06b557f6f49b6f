import { execFileSync } from "node:child_process";
import { eventually } from "./eventually.ts";

/** Freezes a process, and resolves when it does nothing more: a signal is sent before it is heeded. */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  await eventually(async () => {
    const state = execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" });
    return state.startsWith("T") || undefined;
  });
}
