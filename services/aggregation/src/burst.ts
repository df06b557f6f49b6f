import type { Queue } from "@ocellus/runtime/nats.ts";
import { pendingChanges } from "./pending-changes.ts";

/** Who marks buckets is behind by more only while very many events come, or come late. */
const LAG_MS = 1000;
/** For so long at most a burst is waited for. */
const MAX_WAIT_MS = 60_000;

/**
 * A burst of events marks the same buckets again and again, and waits for whoever computes one of them. So they are left dirty until it
 * is marked, or has gone on for a minute.
 */
export class Burst {
  readonly #queue: Queue;
  #since: number | undefined;

  constructor(queue: Queue) {
    this.#queue = queue;
  }

  /** Whether to wait with what is dirty. Throws UNAVAILABLE where NATS cannot be reached. */
  async isToBeAwaited(): Promise<boolean> {
    const { lagMs = 0 } = await pendingChanges(this.#queue);
    if (lagMs <= LAG_MS) this.#since = undefined;
    else this.#since ??= performance.now();
    return this.#since !== undefined && performance.now() - this.#since < MAX_WAIT_MS;
  }

  /** All is computed that was dirty: what is marked from now on may wait as long again. */
  begin(): void {
    this.#since = undefined;
  }
}
