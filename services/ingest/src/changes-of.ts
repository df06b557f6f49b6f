import type { MessageInitShape } from "@bufbuild/protobuf";
import { ChangeType, type EventChangeSchema, EventChangesSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";
import { v7 } from "uuid";
import type { EventToStore } from "./insert-events.ts";

/** A change has 3.4 kB at most, so that no message comes near NATS' max_payload of 1 MiB. */
const MAX_CHANGES = 250;

/** The messages that announce stored events. */
export function changesOf(stored: EventToStore[]): { id: string; payload: Buffer }[] {
  const messages = [];
  for (let start = 0; start < stored.length; start += MAX_CHANGES) {
    const id = v7();
    const changes = stored.slice(start, start + MAX_CHANGES).map(toChange);
    messages.push({ id, payload: encode(EventChangesSchema, { id, changes }) });
  }
  return messages;
}

function toChange({ event, timestamp }: EventToStore): MessageInitShape<typeof EventChangeSchema> {
  return {
    type: ChangeType.STORED,
    eventId: event.id,
    namespace: event.namespace,
    name: event.name,
    sessionId: event.sessionId,
    personId: event.personId,
    timestamp: timestampOf(timestamp),
  };
}
