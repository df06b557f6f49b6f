import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, ServiceError } from "./service-error.ts";

/** How often something may happen: so many times a second, and up to `burst` times at once after a rest. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** Lets things happen at a rate. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #left: number;
  #at: number;

  constructor({ perSecond, burst }: Rate, now: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#left = burst;
    this.#at = now;
  }

  /** Takes one token, and answers 0; or takes none, and answers in how many milliseconds there will be one. */
  take(now: number): number {
    const left = this.#leftAt(now);
    this.#left = left;
    this.#at = now;
    if (left < 1) return Math.max(1, Math.ceil((1 - left) / this.#perMs));
    this.#left = left - 1;
    return 0;
  }

  /** Whether it is as a new one would be. */
  isFull(now: number): boolean {
    return this.#leftAt(now) >= this.#burst;
  }

  #leftAt(now: number): number {
    return Math.min(this.#burst, this.#left + (now - this.#at) * this.#perMs);
  }
}

/** So many buckets are held before it is looked for full ones. */
const SWEEP_FROM = 1000;

/** A rate for each key. A bucket that is full again is forgotten, so that it holds those who call now and few more. */
export class RateLimit {
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #buckets = new Map<string, TokenBucket>();
  #sweepAt = SWEEP_FROM;

  /** @param now a clock in milliseconds that never goes back */
  constructor(rate: Rate, now = () => performance.now()) {
    this.#rate = rate;
    this.#now = now;
  }

  /** How many buckets are held. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one of the key's, and answers 0; or takes none, and answers in how many milliseconds there will be one. */
  take(key: string): number {
    const now = this.#now();
    const bucket = this.#buckets.get(key) ?? this.#add(key, now);
    return bucket.take(now);
  }

  #add(key: string, now: number): TokenBucket {
    if (this.#buckets.size >= this.#sweepAt) this.#forgetFull(now);
    const bucket = new TokenBucket(this.#rate, now);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #forgetFull(now: number): void {
    for (const [key, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(key);
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#buckets.size);
  }
}

/** RESOURCE_EXHAUSTED: `who` called more often than it may. Nothing of the call was read. */
export function rateLimited(who: string, retryAfterMs: number): ServiceError {
  return new ServiceError(`${who} calls more often than it may, and nothing of this call was taken; call again later`, {
    code: Code.RESOURCE_EXHAUSTED,
    reason: ErrorReason.RATE_LIMITED,
    retryAfterMs,
  });
}
