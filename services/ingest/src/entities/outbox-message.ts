import { defineEntity, p } from "@mikro-orm/core";

const OutboxMessageSchema = defineEntity({
  name: "OutboxMessage",
  tableName: "outbox",
  properties: {
    id: p.uuid().primary(),
    /** An encoded ocellus.event.v1.EventChanges of the same id. */
    payload: p.blob(),
    createTime: p.datetime().defaultRaw("now()"),
  },
});

/** Changes of events that are committed, and not yet known to be in the stream EVENT_CHANGES. */
export class OutboxMessage extends OutboxMessageSchema.class {}
OutboxMessageSchema.setClass(OutboxMessage);

/** What one message of the outbox announces. */
export type Announcement = Pick<OutboxMessage, "id" | "payload">;
