import type { Micros } from "@ocellus/runtime/time.ts";
import type { Growing } from "@ocellus/wire/growing.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import { microsIn } from "@ocellus/wire/timestamp.ts";

/** A valid, identified event as it came, and what the door adds at its end: later fields are as good as earlier ones. */
export class TakenEvent {
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  readonly #added: Buffer;
  /** Its id of 36 characters, within `bytes`. */
  readonly id: Span;
  /** Its encoded Timestamp. */
  readonly timestamp: Span;

  constructor([bytes, start, end]: Span, added: Buffer, id: Span, timestamp: Span) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#added = added;
    this.id = id;
    this.timestamp = timestamp;
  }

  /** How many bytes `write` writes. */
  get length(): number {
    return this.#end - this.#start + this.#added.length;
  }

  idText(): string {
    const [bytes, start, end] = this.id;
    return bytes.toString("latin1", start, end);
  }

  time(): Micros {
    const [bytes, start, end] = this.timestamp;
    return microsIn(new Reader(bytes, start), end);
  }

  write(out: Growing): void {
    out.copy(this.#bytes, this.#start, this.#end);
    out.copy(this.#added, 0, this.#added.length);
  }
}

/** Some bytes of others. */
export type Span = readonly [bytes: Buffer, start: number, end: number];
