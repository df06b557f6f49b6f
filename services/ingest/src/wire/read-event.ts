import type { Micros } from "@ocellus/runtime/time.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import { microsIn } from "@ocellus/wire/timestamp.ts";

/** The fields of an Event by their numbers in the proto. */
export const FIELD = {
  id: 1,
  namespace: 2,
  name: 3,
  category: 4,
  sessionId: 5,
  personId: 6,
  timestamp: 7,
  value: 8,
  data: 9,
} as const;

const FIXED64 = 1;
const LENGTH_DELIMITED = 2;

/** An encoded Event that was accepted, and where its fields are: nothing of it is copied. */
export class EventBytes {
  readonly bytes: Buffer;
  /** Start and end of each field, by its number; both 0 where the event lacks it. */
  readonly #spans = new Int32Array(20);
  readonly timestamp: Micros;
  readonly #whole: [start: number, end: number];

  /** Throws where the bytes from `start` to `end` are no event with an id and a timestamp. */
  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.#whole = [start, end];
    const reader = new Reader(bytes, start);
    while (reader.at < end) {
      const tag = bytes[reader.at++]!;
      const [field, wireType] = [tag >> 3, tag & 7];
      const isKnown = tag < 0x80 && field <= FIELD.data && (wireType === LENGTH_DELIMITED || wireType === FIXED64);
      if (!isKnown) throw new Error(`An accepted event holds the tag ${tag}`);
      const fieldEnd = wireType === FIXED64 ? reader.at + 8 : reader.requireEnd(end);
      this.#spans[field * 2] = reader.at;
      this.#spans[field * 2 + 1] = fieldEnd;
      reader.at = fieldEnd;
    }
    if (this.lengthOf(FIELD.id) !== 36) throw new Error("An accepted event has no id");
    if (!this.has(FIELD.timestamp)) throw new Error(`The accepted event ${this.text(FIELD.id)} has no timestamp`);
    this.timestamp = microsIn(new Reader(bytes, this.start(FIELD.timestamp)), this.end(FIELD.timestamp));
  }

  /** All of its bytes. */
  encoded(): Buffer {
    return this.bytes.subarray(...this.#whole);
  }

  start(field: number): number {
    return this.#spans[field * 2]!;
  }

  end(field: number): number {
    return this.#spans[field * 2 + 1]!;
  }

  has(field: number): boolean {
    return this.end(field) !== 0;
  }

  lengthOf(field: number): number {
    return this.end(field) - this.start(field);
  }

  text(field: number): string {
    return this.bytes.toString("utf8", this.start(field), this.end(field));
  }
}
