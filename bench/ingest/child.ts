import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** A process of this folder that is sent jobs and answers each. It ends with this one. */
export class Child implements Disposable {
  readonly #process: ChildProcess;

  constructor(file: string, args: string[] = []) {
    this.#process = fork(join(import.meta.dirname, file), args);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Sends a job, and answers its result. Throws what the job failed with, or that the process ended. */
  ask<Result>(job: object): Promise<Result> {
    const answer = this.next<Result>();
    this.#process.send(job);
    return answer;
  }

  /** The next result, of what it does by itself. */
  async next<Result>(): Promise<Result> {
    const ended = new AbortController();
    const end = once(this.#process, "exit", { signal: ended.signal }).then(([code]) => {
      throw new Error(`${this.#process.spawnargs.at(1)} ended with code ${code}`);
    });
    end.catch(() => {});
    try {
      const message = once(this.#process, "message", { signal: ended.signal });
      message.catch(() => {});
      const [{ result, error }] = (await Promise.race([message, end])) as [{ result: Result; error?: string }];
      if (error !== undefined) throw new Error(error);
      return result;
    } finally {
      ended.abort();
    }
  }

  [Symbol.dispose](): void {
    this.#process.kill("SIGKILL");
  }
}
