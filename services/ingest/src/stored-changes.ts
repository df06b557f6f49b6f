import { CHANGES, ID, TRANSACTION_ID } from "@ocellus/wire/changes-tags.ts";
import { Growing } from "@ocellus/wire/growing.ts";
import { v7 } from "uuid";
import type { Announcement } from "./entities/outbox-message.ts";
import type { QueuedEvent } from "./wire/read-accepted.ts";
import { storedChangeLength, writeStoredChange } from "./wire/write-change.ts";

/** A change has 7 kB at most, so that a message of so many bytes and one more change stays below NATS' max_payload of 1 MiB. */
const MAX_BYTES = 512 * 1024;
const MAX_CHANGES = 1000;

const message = new Growing(MAX_BYTES + 16 * 1024);

/** The encoded messages that announce events which one transaction stored, for its outbox. */
export function storedChanges(transactionId: bigint, events: QueuedEvent[]): Announcement[] {
  const messages = [];
  for (let start = 0; start < events.length; ) {
    const id = v7();
    message.byte(ID);
    message.byte(id.length);
    message.ascii(id);
    message.byte(TRANSACTION_ID);
    message.bigVarint(transactionId);
    const end = Math.min(events.length, start + MAX_CHANGES);
    for (; start < end && message.length < MAX_BYTES; start++) {
      const { event } = events[start]!;
      message.byte(CHANGES);
      message.varint(storedChangeLength(event));
      writeStoredChange(event, message);
    }
    messages.push({ id, payload: message.take() });
  }
  return messages;
}
