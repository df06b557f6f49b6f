import { execFile } from "node:child_process";
import { promisify } from "node:util";

const LOOK_EVERY_MS = 1000;
const run = promisify(execFile);

export interface WatchedMemory {
  /** What a process counts as; undefined where it is of no interest. */
  nameOf(pid: number, parent: number): string | undefined;
  /** Hears why memory is watched no longer. */
  failed(error: Error): void;
}

/** Looks once a second how much memory processes hold, and keeps the most of each name, in MiB (resident set). */
export class MemoryWatch {
  readonly peaks = new Map<string, number>();
  readonly #watched: WatchedMemory;
  readonly #timer: NodeJS.Timeout;

  constructor(watched: WatchedMemory) {
    this.#watched = watched;
    this.#timer = setInterval(() => this.#look().catch(this.#fail), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  readonly #fail = (error: Error) => {
    this.stop();
    this.#watched.failed(error);
  };

  async #look(): Promise<void> {
    const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid=,rss="]);
    for (const line of stdout.trim().split("\n")) {
      const [pid = 0, parent = 0, kib = 0] = line.trim().split(/\s+/).map(Number);
      const name = this.#watched.nameOf(pid, parent);
      if (name) this.peaks.set(name, Math.max(this.peaks.get(name) ?? 0, Math.round(kib / 1024)));
    }
  }
}
