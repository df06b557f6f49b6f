import type { Reader } from "./reader.ts";

/** Where a field starts that the change lacks. */
export const ABSENT = -1;

// The fields of EventChange, and the type STORED.
const TYPE = 0x08;
const STORED = 1;
const EVENT_ID = 0x12;
const NAMESPACE = 0x1a;
const NAME = 0x22;
const SESSION_ID = 0x2a;
const PERSON_ID = 0x32;
const TIMESTAMP = 0x3a;

// The fields of Timestamp.
const SECONDS = 0x08;
const NANOS = 0x10;

/**
 * The announcement of one stored event: where its fields are in the bytes, and when it happened. One object serves for all
 * changes of a message, one after another.
 */
export class StoredChange {
  bytes: Buffer = Buffer.alloc(0);
  idStart = 0;
  idEnd = 0;
  namespaceStart = 0;
  namespaceEnd = 0;
  nameStart = 0;
  nameEnd = 0;
  /** ABSENT where the event names no session. */
  sessionStart = ABSENT;
  sessionEnd = ABSENT;
  /** ABSENT where the event names no person. */
  personStart = ABSENT;
  personEnd = ABSENT;
  /** Whole seconds since 1970, rounded down. */
  seconds = 0;
  /** Microseconds within the second, 0 to 999 999; what is finer is cut off. */
  micros = 0;

  /**
   * Reads the change that reaches to `end`. Answers false where it is anything but a stored event with a timestamp, encoded as
   * everybody does: each field once, in order. Then this object tells nothing.
   */
  read(reader: Reader, end: number): boolean {
    const { bytes } = reader;
    if (end - reader.at < 2 || bytes[reader.at] !== TYPE || bytes[reader.at + 1] !== STORED) return false;
    reader.at += 2;
    this.bytes = bytes;
    this.idStart = this.idEnd = this.namespaceStart = this.namespaceEnd = this.nameStart = this.nameEnd = 0;
    this.sessionStart = this.sessionEnd = this.personStart = this.personEnd = ABSENT;
    let last = 0;
    while (reader.at < end) {
      const tag = bytes[reader.at++]!;
      const fieldEnd = reader.fieldEnd(end);
      if (tag <= last || fieldEnd < 0 || !this.#take(tag, reader, fieldEnd)) return false;
      last = tag;
      reader.at = fieldEnd;
    }
    return last === TIMESTAMP;
  }

  #take(tag: number, reader: Reader, end: number): boolean {
    switch (tag) {
      case EVENT_ID:
        this.idStart = reader.at;
        this.idEnd = end;
        return true;
      case NAMESPACE:
        this.namespaceStart = reader.at;
        this.namespaceEnd = end;
        return true;
      case NAME:
        this.nameStart = reader.at;
        this.nameEnd = end;
        return true;
      case SESSION_ID:
        this.sessionStart = reader.at;
        this.sessionEnd = end;
        return true;
      case PERSON_ID:
        this.personStart = reader.at;
        this.personEnd = end;
        return true;
      case TIMESTAMP:
        return this.#takeTime(reader, end);
      default:
        return false;
    }
  }

  #takeTime(reader: Reader, end: number): boolean {
    this.seconds = 0;
    this.micros = 0;
    if (reader.at < end && reader.bytes[reader.at] === SECONDS) {
      reader.at++;
      this.seconds = reader.safeInt64(end);
      if (Number.isNaN(this.seconds)) return false;
    }
    if (reader.at < end && reader.bytes[reader.at] === NANOS) {
      reader.at++;
      const nanos = reader.varint(end);
      if (nanos < 0 || nanos > 999_999_999) return false;
      this.micros = Math.trunc(nanos / 1000);
    }
    return reader.at === end;
  }
}
