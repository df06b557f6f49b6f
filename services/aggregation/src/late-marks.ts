import { isoOf, nowMicros } from "@ocellus/runtime/time.ts";
import type { Bucket } from "./collect-buckets.ts";
import { QUARTER_MICROS, quarterOf } from "./quarter.ts";

const SPAN_MS = 1000;

/** How fast this process marks quarters of an hour that are rolled up already. */
export class LateMarks {
  #start = performance.now();
  #count = 0;
  #perSecond = 0;

  add(buckets: readonly Bucket[]): void {
    this.#closeSpan();
    const frontier = isoOf(quarterOf(nowMicros()) - QUARTER_MICROS);
    this.#count += buckets.filter(([, , start]) => start < frontier).length;
  }

  /** Of the last second that is over. */
  perSecond(): number {
    this.#closeSpan();
    return this.#perSecond;
  }

  #closeSpan(): void {
    const now = performance.now();
    if (now - this.#start < SPAN_MS) return;
    this.#perSecond = (this.#count * 1000) / (now - this.#start);
    this.#count = 0;
    this.#start = now;
  }
}
