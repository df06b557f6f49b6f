import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Linux counts the time of processes in hundredths of a second, whatever the machine. */
const TICKS_PER_SECOND = 100;

/** A part of the suite: a process, or PostgreSQL with all its processes. */
export interface Part {
  name: string;
  pid: number;
  withChildren?: boolean;
}

/** What a process has used since it started. */
interface Used {
  parent: number;
  /** CPU seconds of its own, and those of children that have ended. */
  seconds: number;
  endedChildren: number;
}

/** The CPU seconds that each part has used up to now, from Linux' /proc; empty where there is none. */
export function cpuOf(parts: Part[]): Map<string, number> {
  const all = processes();
  const used = new Map<string, number>();
  for (const { name, pid, withChildren } of parts) {
    const own = all.get(pid);
    if (!own) continue;
    const children = withChildren ? [...all.values()].filter(({ parent }) => parent === pid) : [];
    used.set(name, own.seconds + own.endedChildren + children.reduce((sum, { seconds }) => sum + seconds, 0));
  }
  return used;
}

/** The most memory that each part's process, or its largest, has held since `forgetPeaks`, in MiB (resident set). */
export function peaksOf(parts: Part[]): Map<string, number> {
  const peaks = new Map<string, number>();
  for (const part of parts) peaks.set(part.name, Math.max(0, ...pidsOf(part).map((pid) => memoryOf(pid, "VmHWM"))));
  return peaks;
}

/** The memory that each part's process, or its largest, holds now, in MiB. */
export function memoryNow(parts: Part[]): Map<string, number> {
  return new Map(parts.map((part) => [part.name, Math.max(0, ...pidsOf(part).map((pid) => memoryOf(pid, "VmRSS")))]));
}

/** Lets peaks of memory begin anew (proc_pid_clear_refs(5)). */
export function forgetPeaks(parts: Part[]): void {
  for (const part of parts) {
    for (const pid of pidsOf(part)) ifThere(() => writeFileSync(`/proc/${pid}/clear_refs`, "5"));
  }
}

function pidsOf({ pid, withChildren }: Part): number[] {
  if (!withChildren) return [pid];
  return [pid, ...[...processes()].filter(([, { parent }]) => parent === pid).map(([child]) => child)];
}

function memoryOf(pid: number, field: "VmHWM" | "VmRSS"): number {
  const status = ifThere(() => readFileSync(`/proc/${pid}/status`, "utf8")) ?? "";
  const [, kib = "0"] = new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status) ?? [];
  return Math.round(Number(kib) / 1024);
}

function processes(): Map<number, Used> {
  const found = new Map<number, Used>();
  for (const name of existsSync("/proc") ? readdirSync("/proc") : []) {
    if (!/^\d+$/.test(name)) continue;
    const used = readStat(name);
    if (used) found.set(Number(name), used);
  }
  return found;
}

/** See proc_pid_stat(5). The second field, a name in brackets, may hold anything. Undefined where the process is gone. */
function readStat(pid: string): Used | undefined {
  const stat = ifThere(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const seconds = (at: number) => Number(fields[at]) / TICKS_PER_SECOND;
  return { parent: Number(fields[1]), seconds: seconds(11) + seconds(12), endedChildren: seconds(13) + seconds(14) };
}

/** Undefined where a process is gone that was there when it was looked for. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
