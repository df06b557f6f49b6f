import type { Logger } from "pino";
import { within } from "./within.ts";

/** How long metrics wait for something outside of the process. */
const PATIENCE_MS = 1000;

/** What is read, and how often at most. */
export interface ReadingOptions {
  /** How messages call it. */
  what: string;
  everyMs: number;
  log: Logger;
}

/**
 * Something outside of the process that several gauges tell of. It is read when metrics are asked for, once for all of them, and no
 * more often than `everyMs`, never twice at a time. Undefined where it cannot be read within a second: then the gauges have no value,
 * rather than one that may no longer be true.
 */
export function readingOf<T>(
  read: () => Promise<T>,
  { what, everyMs, log }: ReadingOptions,
): () => Promise<T | undefined> {
  let reading: Promise<T | undefined> = Promise.resolve(undefined);
  let begun = Number.NEGATIVE_INFINITY;
  let isUnderWay = false;
  let hasFailed = false;
  const readOnce = async () => {
    isUnderWay = true;
    const value = read().finally(() => {
      isUnderWay = false;
    });
    try {
      const result = await within(PATIENCE_MS, value);
      hasFailed = false;
      return result;
    } catch (error) {
      if (!hasFailed) log.warn({ err: error }, `metrics cannot tell of ${what} until it can be read`);
      hasFailed = true;
      return undefined;
    }
  };
  return () => {
    const now = performance.now();
    if (!isUnderWay && now - begun >= everyMs) {
      begun = now;
      reading = readOnce();
    }
    return reading;
  };
}
