import type { PendingEvent } from "./ledger.ts";

/** The bounds of a batch. */
export interface BatchBounds {
  maxBatchEvents: number;
  maxBatchBytes: number;
  lingerMs: number;
}

/** Events that wait to travel, oldest first. */
export class EventQueue {
  readonly #bounds: BatchBounds;
  readonly #events: PendingEvent[] = [];
  #bytes = 0;
  /** How many of the oldest are to leave without waiting for others. */
  #flushed = 0;

  constructor(bounds: BatchBounds) {
    this.#bounds = bounds;
  }

  add(event: PendingEvent): void {
    this.#events.push(event);
    this.#bytes += event.bytes.length;
  }

  /** Lets all that wait now leave as soon as they can. */
  flush(): void {
    this.#flushed = this.#events.length;
  }

  /** Whether as many wait as travel together. */
  isFull(): boolean {
    return this.#events.length >= this.#bounds.maxBatchEvents || this.#bytes >= this.#bounds.maxBatchBytes;
  }

  /** In how many milliseconds the next batch is to leave: none where it is full; undefined where nothing waits. */
  dueIn(now: number): number | undefined {
    const [oldest] = this.#events;
    if (!oldest) return undefined;
    return this.isFull() || this.#flushed > 0 ? 0 : Math.max(0, oldest.since + this.#bounds.lingerMs - now);
  }

  /** Takes the next batch out: at least one event where any waits. */
  take(): PendingEvent[] {
    const { maxBatchEvents, maxBatchBytes } = this.#bounds;
    let count = 0;
    let bytes = 0;
    for (const event of this.#events) {
      if (count === maxBatchEvents || (count > 0 && bytes + event.bytes.length > maxBatchBytes)) break;
      bytes += event.bytes.length;
      count++;
    }
    this.#bytes -= bytes;
    this.#flushed = Math.max(0, this.#flushed - count);
    return this.#events.splice(0, count);
  }
}
