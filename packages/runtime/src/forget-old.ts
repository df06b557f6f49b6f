import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";

const HOUR_MS = 3_600_000;

/** Forgets, now and once an hour (or `everyMs`) until the signal aborts, what nobody will ask for again. `forget` deletes it. */
export async function forgetOld(
  what: string,
  forget: () => Promise<unknown>,
  { signal, log, everyMs = HOUR_MS }: { signal: AbortSignal; log: Logger; everyMs?: number },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await forget();
    } catch (error) {
      log.warn({ err: error }, `old ${what} could not be forgotten; it is tried again`);
    }
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
}
