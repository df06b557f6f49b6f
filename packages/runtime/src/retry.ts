import { setTimeout as sleep } from "node:timers/promises";

/** Which errors are worth another try, and who hears of them. */
export interface RetryOptions {
  when?: (error: unknown) => boolean;
  /** Called with the first error, and again when another has taken its place. */
  report: (error: Error) => void;
  /** How long to wait between two tries, in milliseconds. Default: 500. */
  everyMs?: number;
}

/** Tries until it succeeds. Throws what `when` calls not worth another try, and the signal's reason once it aborts. */
export async function retryUntil<T>(
  signal: AbortSignal,
  attempt: () => Promise<T>,
  { when = () => true, report, everyMs = 500 }: RetryOptions,
): Promise<T> {
  let reported = "";
  for (;;) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (!when(error)) throw error;
      if (error.message !== reported) report(error);
      reported = error.message;
    }
    await sleep(everyMs, undefined, { signal, ref: true }).catch(() => signal.throwIfAborted());
  }
}
