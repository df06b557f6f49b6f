import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";

/** How often something is done, until when, and who hears of a failure. */
export interface RepeatOptions {
  signal: AbortSignal;
  log: Logger;
  everyMs: number;
}

/** Does the work now and every so often, until the signal aborts. What fails is told, and done again the next time. */
export async function repeat(
  what: string,
  work: () => Promise<unknown>,
  { signal, log, everyMs }: RepeatOptions,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
    } catch (error) {
      log.warn({ err: error }, `${what} failed; it is tried again`);
    }
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
}
