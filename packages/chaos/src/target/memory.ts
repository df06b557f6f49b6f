import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { SERVICES } from "@ocellus/suite/service-process.ts";
import type { Target } from "./target.ts";

const LOOK_EVERY_MS = 1000;
const run = promisify(execFile);

/** Looks how much memory each part holds, and keeps the most, in MiB (resident set). */
export class MemoryWatch {
  readonly peaks = new Map<string, number>();
  readonly #target: Target;
  readonly #timer: NodeJS.Timeout;

  constructor(target: Target) {
    this.#target = target;
    this.#timer = setInterval(() => this.#look().catch(this.#fail), LOOK_EVERY_MS);
  }

  readonly #fail = (error: Error) => {
    this.stop();
    this.#target.problems.push(`memory could not be watched: ${error.message}`);
  };

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid=,rss="]);
    const { nats, postgres } = this.#target;
    const names = new Map<number, string>(SERVICES.map((name) => [this.#target.service(name).pid, name]));
    names.set(nats.pid(), "nats-server").set(postgres.pid(), "PostgreSQL");
    for (const line of stdout.trim().split("\n")) {
      const [pid = 0, parent = 0, kib = 0] = line.trim().split(/\s+/).map(Number);
      // A server process of PostgreSQL counts with the shared memory that it has touched.
      const name = names.get(pid) ?? (parent === postgres.pid() ? "PostgreSQL, largest process" : undefined);
      if (name) this.peaks.set(name, Math.max(this.peaks.get(name) ?? 0, Math.round(kib / 1024)));
    }
  }
}
