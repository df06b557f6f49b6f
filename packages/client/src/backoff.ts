/** How long a failed batch waits before it is sent again. */
export interface Backoff {
  /** The longest wait after the first failure, in milliseconds; it doubles with each failure that follows. */
  initialMs: number;
  /** Where the doubling ends. */
  maxMs: number;
}

/** No server's wish is followed for longer. */
const LONGEST_MS = 3_600_000;

/**
 * A random wait from none to the longest one, so that many clients do not come back at once ("full jitter"). What the server asked
 * for is waited first.
 *
 * @param failures how often it has failed, at least once
 */
export function waitAfter(failures: number, { initialMs, maxMs }: Backoff, retryAfterMs = 0): number {
  const longest = Math.min(maxMs, initialMs * 2 ** (failures - 1));
  return Math.min(LONGEST_MS, retryAfterMs) + Math.random() * longest;
}
