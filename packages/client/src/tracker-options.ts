import type { Backoff } from "./backoff.ts";
import { MAX_EVENT_BYTES } from "./encode-event.ts";
import type { Outcome } from "./outcome.ts";
import type { Problem } from "./problem.ts";

/** A batch that failed and will be sent again. */
export interface Retry {
  problem: Problem;
  /** How many events it holds. */
  events: number;
  /** How often it has failed in a row. */
  failures: number;
  /** After how long it is sent again, in milliseconds. */
  waitMs: number;
}

/** How a tracker works. All of it has a default. */
export interface TrackerOptions {
  /** How many events travel together. 1 to 1000. Default: 500. */
  maxBatchEvents?: number;
  /** How many bytes of events travel together, encoded; an event larger than that travels alone. To 4,000,000. Default: 1,000,000. */
  maxBatchBytes?: number;
  /** How long an event waits for others to travel with, in milliseconds. Default: 50. */
  lingerMs?: number;
  /** How many batches are on their way at once, those that wait for another try among them. Default: 4. */
  maxInFlight?: number;
  /** How many events may be pending, those on their way among them. Default: 100,000. */
  maxBufferedEvents?: number;
  /** How many bytes of events may be pending, encoded; at least 1 MiB. Default: 64 MiB. */
  maxBufferedBytes?: number;
  /** How long one try may take, in milliseconds. Default: 10,000. */
  attemptTimeoutMs?: number;
  /** The waits between tries. Default: at most 100 ms after the first, doubling to at most 10 s, beyond what the server asks for. */
  backoff?: Backoff;
  /** Gives up what was tracked longer ago, in milliseconds, before its next try. Default: never. */
  maxAgeMs?: number;
  /** Hears what became of each event. An error that it throws is an uncaught exception of the process. */
  onOutcome?: (outcome: Outcome) => void;
  /** Hears of each failed try. An error that it throws is an uncaught exception of the process. */
  onRetry?: (retry: Retry) => void;
}

/** All options that are numbers, with their defaults. */
export type Limits = Required<Omit<TrackerOptions, "onOutcome" | "onRetry">>;

/** Options with their defaults. Throws RangeError, naming each that is out of its bounds. */
export function limitsOf(options: TrackerOptions): Limits {
  const limits: Limits = {
    maxBatchEvents: options.maxBatchEvents ?? 500,
    maxBatchBytes: options.maxBatchBytes ?? 1_000_000,
    lingerMs: options.lingerMs ?? 50,
    maxInFlight: options.maxInFlight ?? 4,
    maxBufferedEvents: options.maxBufferedEvents ?? 100_000,
    maxBufferedBytes: options.maxBufferedBytes ?? 64 * 1024 * 1024,
    attemptTimeoutMs: options.attemptTimeoutMs ?? 10_000,
    backoff: options.backoff ?? { initialMs: 100, maxMs: 10_000 },
    maxAgeMs: options.maxAgeMs ?? Number.POSITIVE_INFINITY,
  };
  const bounds: [string, number, number, number][] = [
    ["maxBatchEvents", limits.maxBatchEvents, 1, 1000],
    ["maxBatchBytes", limits.maxBatchBytes, 1, 4_000_000],
    ["lingerMs", limits.lingerMs, 0, 3_600_000],
    ["maxInFlight", limits.maxInFlight, 1, 1000],
    ["maxBufferedEvents", limits.maxBufferedEvents, 1, Number.MAX_SAFE_INTEGER],
    ["maxBufferedBytes", limits.maxBufferedBytes, MAX_EVENT_BYTES, Number.MAX_SAFE_INTEGER],
    ["attemptTimeoutMs", limits.attemptTimeoutMs, 1, 3_600_000],
    ["backoff.initialMs", limits.backoff.initialMs, 1, 3_600_000],
    ["backoff.maxMs", limits.backoff.maxMs, 1, 3_600_000],
    ["maxAgeMs", limits.maxAgeMs, 1, Number.POSITIVE_INFINITY],
  ];
  const problems = bounds
    .filter(([, value, min, max]) => !(value >= min && value <= max))
    .map(([name, value, min, max]) => `${name} must be from ${min} to ${max}, and is ${value}`);
  if (problems.length > 0) throw new RangeError(problems.join("; "));
  return limits;
}
