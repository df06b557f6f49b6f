import type { Micros } from "@ocellus/runtime/time.ts";
import type { StoredChange } from "@ocellus/wire/stored-change.ts";
import { textIn } from "@ocellus/wire/text.ts";

/** A stored event as runs are ordered by it: its time, and then its id. */
export class Moment {
  #seconds = 0;
  #micros = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #idStart = 0;
  #idEnd = 0;

  constructor(change: StoredChange) {
    this.set(change);
  }

  /** Becomes another event. */
  set({ seconds, micros, bytes, idStart, idEnd }: StoredChange): void {
    this.#seconds = seconds;
    this.#micros = micros;
    this.#bytes = bytes;
    this.#idStart = idStart;
    this.#idEnd = idEnd;
  }

  /** Negative where this comes before the change, positive where after it. */
  compare({ seconds, micros, bytes, idStart, idEnd }: StoredChange): number {
    const apart = this.#seconds - seconds || this.#micros - micros;
    return apart || this.#bytes.compare(bytes, idStart, idEnd, this.#idStart, this.#idEnd);
  }

  /**
   * By how many microseconds the change comes later. Exact for as much as 2^53 of them; more is rounded, and remains more than any
   * timeout.
   */
  microsUntil({ seconds, micros }: StoredChange): number {
    return (seconds - this.#seconds) * 1e6 + (micros - this.#micros);
  }

  get time(): Micros {
    return BigInt(this.#seconds) * 1_000_000n + BigInt(this.#micros);
  }

  get eventId(): string {
    return textIn(this.#bytes, this.#idStart, this.#idEnd);
  }
}
