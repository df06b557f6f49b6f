import { create } from "@bufbuild/protobuf";
import {
  ChangeType,
  type EventChange,
  EventChangeSchema,
  EventChangesSchema,
} from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { type Micros, timestampOf } from "@ocellus/runtime/time.ts";
import { v7 } from "uuid";
import type { Announcement } from "./entities/outbox-message.ts";

/** What is announced of an event besides what happened to it. */
export interface Headers {
  id: string;
  namespace: string;
  name: string;
  sessionId?: string | null;
  personId?: string | null;
  timestamp: Micros;
}

/** A change has 7 kB at most, so that no message comes near NATS' max_payload of 1 MiB. */
const MAX_CHANGES = 125;

/** The messages that announce changes made by one transaction, for its outbox. */
export function changesOf(transactionId: bigint, changes: EventChange[]): Announcement[] {
  const messages = [];
  for (let start = 0; start < changes.length; start += MAX_CHANGES) {
    const id = v7();
    const some = changes.slice(start, start + MAX_CHANGES);
    messages.push({ id, payload: encode(EventChangesSchema, { id, transactionId, changes: some }) });
  }
  return messages;
}

/** The event was stored. */
export const stored = (event: Headers): EventChange => changeOf(ChangeType.STORED, event);

/** The event was changed from `previous`. */
export const updated = (event: Headers, previous: Headers): EventChange =>
  Object.assign(changeOf(ChangeType.UPDATED, event), { previous: changeOf(ChangeType.UNSPECIFIED, previous) });

/** The event was deleted. */
export const deleted = (event: Headers): EventChange => changeOf(ChangeType.DELETED, event);

function changeOf(type: ChangeType, { id, namespace, name, sessionId, personId, timestamp }: Headers): EventChange {
  return create(EventChangeSchema, {
    type,
    eventId: id,
    namespace,
    name,
    sessionId: sessionId ?? undefined,
    personId: personId ?? undefined,
    timestamp: timestampOf(timestamp),
  });
}
