import {
  ChangeType,
  type EventChange,
  EventChangeSchema,
  EventChangesSchema,
} from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { decode, encode } from "@ocellus/runtime/message-codec.ts";
import { microsOf, timestampOf } from "@ocellus/runtime/time.ts";
import { CHANGES, ID, TRANSACTION_ID } from "./changes-tags.ts";
import { Reader } from "./reader.ts";
import { StoredChange } from "./stored-change.ts";

const PLAIN = { writeUnknownFields: false };

/** Who is told of the changes in a message. */
export interface ChangeTaker {
  /** An event was stored. The object is used again for the next one. */
  stored(change: StoredChange): void;
  /** Anything else happened. */
  other(change: EventChange): void;
}

/**
 * One encoded message of EVENT_CHANGES. It is read where it lies, without an object for each stored event. Any encoding is
 * understood: what is unusual is decoded, and encoded again as usual.
 */
export class ChangesMessage {
  #id = "";
  #transactionId = 0n;
  #count = 0;
  #bytes: Buffer;

  /** Throws where the bytes are no EventChanges. */
  constructor(data: Uint8Array) {
    this.#bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (this.#scan()) return;
    const { id, transactionId, changes } = decode(EventChangesSchema, data);
    [this.#id, this.#transactionId, this.#count] = [id, transactionId, changes.length];
    this.#bytes = encode(EventChangesSchema, { changes }, PLAIN);
  }

  get id(): string {
    return this.#id;
  }

  get transactionId(): bigint {
    return this.#transactionId;
  }

  /** How many changes it holds. */
  get count(): number {
    return this.#count;
  }

  /** Tells all changes, but for stored events without a timestamp. Throws where one of them is no EventChange. */
  tell(taker: ChangeTaker): void {
    const reader = new Reader(this.#bytes);
    const change = new StoredChange();
    const { length } = this.#bytes;
    while (reader.at < length) {
      const tag = this.#bytes[reader.at++];
      if (tag === TRANSACTION_ID) {
        reader.varint(length);
        continue;
      }
      const end = reader.requireEnd(length);
      const start = reader.at;
      if (tag === CHANGES) {
        if (change.read(reader, end)) taker.stored(change);
        else tellUnusual(this.#bytes.subarray(start, end), change, taker);
      }
      reader.at = end;
    }
  }

  /** Reads all but the changes themselves. Answers false where it finds anything unusual. */
  #scan(): boolean {
    const reader = new Reader(this.#bytes);
    const { length } = this.#bytes;
    while (reader.at < length) {
      const tag = this.#bytes[reader.at++];
      if (tag === TRANSACTION_ID) {
        const value = reader.varint(length);
        if (value < 0) return false;
        this.#transactionId = BigInt(value);
        continue;
      }
      const end = reader.fieldEnd(length);
      if (end < 0) return false;
      if (tag === ID) this.#id = this.#bytes.toString("utf8", reader.at, end);
      else if (tag === CHANGES) this.#count++;
      else return false;
      reader.at = end;
    }
    return true;
  }
}

function tellUnusual(bytes: Buffer, stored: StoredChange, taker: ChangeTaker): void {
  const change = decode(EventChangeSchema, bytes);
  if (change.type !== ChangeType.STORED) {
    taker.other(change);
    return;
  }
  if (!change.timestamp) return;
  const timestamp = timestampOf(microsOf(change.timestamp));
  const usual = encode(EventChangeSchema, { ...change, timestamp, previous: undefined }, PLAIN);
  if (!stored.read(new Reader(usual), usual.length))
    throw new Error(`The event ${change.eventId} has no possible time`);
  taker.stored(stored);
}
