import { execFileSync } from "node:child_process";

/** Sends a signal to a server and all processes that it started. */
export function signalAll(pid: number, signal: "STOP" | "CONT"): void {
  const all = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  for (const line of all) {
    const [child = 0, parent] = line.trim().split(/\s+/).map(Number);
    if (child === pid || parent === pid) process.kill(child, `SIG${signal}`);
  }
}
