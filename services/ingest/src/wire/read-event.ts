import type { Reader } from "@ocellus/wire/reader.ts";
import { type Time, timeIn } from "@ocellus/wire/timestamp.ts";

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

/** How many numbers the places of its fields take. */
export const SPANS = 20;

/** An encoded Event that was accepted, and where its fields are: nothing of it is copied. */
export class EventBytes {
  readonly bytes: Buffer;
  readonly time: Time;
  readonly #spans: Int32Array;
  readonly #base: number;
  readonly #start: number;
  readonly #end: number;

  /**
   * Throws where the bytes that the reader stands before, up to `end`, are no event with an id and a timestamp.
   *
   * @param spans keeps `SPANS` numbers from `base` on: start and end of each field by its number, both 0 where the event lacks it.
   * One array for many events is far cheaper than one for each.
   */
  constructor(reader: Reader, end: number, spans = new Int32Array(SPANS), base = 0) {
    const { bytes } = reader;
    this.bytes = bytes;
    this.#spans = spans;
    this.#base = base;
    this.#start = reader.at;
    this.#end = end;
    while (reader.at < end) {
      const tag = bytes[reader.at++]!;
      const [field, wireType] = [tag >> 3, tag & 7];
      const isKnown = tag < 0x80 && field <= FIELD.data && (wireType === LENGTH_DELIMITED || wireType === FIXED64);
      if (!isKnown) throw new Error(`An accepted event holds the tag ${tag}`);
      const fieldEnd = wireType === FIXED64 ? reader.at + 8 : reader.requireEnd(end);
      spans[base + field * 2] = reader.at;
      spans[base + field * 2 + 1] = fieldEnd;
      reader.at = fieldEnd;
    }
    if (this.lengthOf(FIELD.id) !== 36) throw new Error("An accepted event has no id");
    if (!this.has(FIELD.timestamp)) throw new Error(`The accepted event ${this.text(FIELD.id)} has no timestamp`);
    reader.at = this.start(FIELD.timestamp);
    this.time = timeIn(reader, this.end(FIELD.timestamp));
    reader.at = end;
  }

  /** All of its bytes. */
  encoded(): Buffer {
    return this.bytes.subarray(this.#start, this.#end);
  }

  start(field: number): number {
    return this.#spans[this.#base + field * 2]!;
  }

  end(field: number): number {
    return this.#spans[this.#base + field * 2 + 1]!;
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
