import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";

const EVERY_MS = 3_600_000;

/** Forgets, now and once an hour until the signal aborts, what nobody will ask for again. `forget` deletes it. */
export async function forgetOld(
  what: string,
  forget: () => Promise<unknown>,
  { signal, log }: { signal: AbortSignal; log: Logger },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await forget();
    } catch (error) {
      log.warn({ err: error }, `old ${what} could not be forgotten; it is tried again`);
    }
    await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
