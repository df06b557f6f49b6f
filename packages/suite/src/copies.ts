import { setTimeout as delay } from "node:timers/promises";
import type { BackgroundProcess } from "./background-process.ts";

/** How long to wait after a copy could not be started again. */
const PAUSE_MS = 1000;

export interface CopiesOptions {
  /** Of the service. */
  name: string;
  /** Starts the copy of a number, from 1 on, and resolves when it is up. */
  start(number: number, signal: AbortSignal): Promise<BackgroundProcess>;
  /** Hears that a copy has ended, and that it is up again. */
  report(line: string): void;
}

/** The processes of one service that run side by side. One that ends by itself is started again, as long as another runs. */
export class Copies {
  readonly #options: CopiesOptions;
  readonly #running = new Map<number, BackgroundProcess>();
  readonly #restarts = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #failed = Promise.withResolvers<Error>();

  constructor(options: CopiesOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Settles when the last of them has ended by itself, with what happened. */
  get failed(): Promise<Error> {
    return this.#failed.promise;
  }

  /** Those that run, by their numbers. */
  get running(): ReadonlyMap<number, BackgroundProcess> {
    return this.#running;
  }

  /** Starts a copy. Throws where it cannot be started. */
  async start(number: number, signal: AbortSignal): Promise<BackgroundProcess> {
    const either = AbortSignal.any([signal, this.#stopping.signal]);
    const process = await this.#options.start(number, either);
    this.#running.set(number, process);
    process.failed.then((error) => this.#replace(number, error));
    return process;
  }

  /** Stops all. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#restarts);
    await Promise.all([...this.#running.values()].map((process) => process.stop()));
  }

  #replace(number: number, error: Error): void {
    this.#running.delete(number);
    if (this.#running.size === 0) {
      this.#failed.resolve(error);
      return;
    }
    // The last words are in its log.
    const [what] = error.message.split(":\n");
    this.#options.report(`${what}; its other copies go on, and it is started again`);
    const restart = this.#startAgain(number).finally(() => this.#restarts.delete(restart));
    this.#restarts.add(restart);
  }

  async #startAgain(number: number): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted && this.#running.size > 0) {
      try {
        const { name } = await this.start(number, signal);
        this.#options.report(`${name} runs again`);
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#options.report((error as Error).message);
        await delay(PAUSE_MS, undefined, { signal }).catch(() => {});
      }
    }
  }
}
