import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { startOfProcess } from "./process-identity.ts";

/** What identifies a process for good: its pid alone may be another's tomorrow. */
export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  readonly start: string;
  /** The signal that makes it end in order. */
  readonly stopSignal: NodeJS.Signals;
}

/** Writes down a running process; `flag` "wx" fails when the file exists. */
export function writePidFile(path: string, process: Omit<ProcessRecord, "start">, flag: "w" | "wx" = "w"): void {
  mkdirSync(dirname(path), { recursive: true });
  const record: ProcessRecord = { ...process, start: startOfProcess(process.pid) ?? "" };
  writeFileSync(path, `${JSON.stringify(record)}\n`, { flag });
}

/** The process written down in a file if that very process still runs; undefined otherwise. */
export function readPidFile(path: string): ProcessRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(path, "utf8")) as ProcessRecord;
    return startOfProcess(record.pid) === record.start ? record : undefined;
  } catch {
    // Missing, or cut short by a crash while it was written: it says nothing about any process.
    return undefined;
  }
}

/** Takes the file away; it may be gone already. */
export function removePidFile(path: string): void {
  rmSync(path, { force: true });
}
