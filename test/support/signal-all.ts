import { execFileSync } from "node:child_process";
import { signalProcess } from "@ocellus/suite/process-identity.ts";

/** Sends a signal to a server and all processes that it started. After STOP none of their threads runs any more. */
export function signalAll(pid: number, signal: "STOP" | "CONT"): void {
  const signalled = ps("-A", "-o", "pid=,ppid=")
    .map((line) => line.split(/\s+/).map(Number))
    .flatMap(([child = 0, parent]) => (child === pid || parent === pid ? [child] : []));
  // One of them may have ended meanwhile.
  for (const each of signalled) signalProcess(each, `SIG${signal}`);
  if (signal === "CONT") return;
  // A process is stopped once the one thread that takes the signal comes to run: until then its others go on.
  const threads = () => ps("-L", "-o", "stat=", "-p", signalled.join());
  while (threads().some((state) => !/^[TZ]/.test(state)));
}

function ps(...options: string[]): string[] {
  return execFileSync("ps", options, { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim());
}
