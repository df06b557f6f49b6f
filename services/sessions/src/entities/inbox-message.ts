import { defineEntity, p } from "@mikro-orm/core";

const InboxMessageSchema = defineEntity({
  name: "InboxMessage",
  tableName: "inbox",
  properties: {
    messageId: p.uuid().primary(),
    receiveTime: p.datetime().defaultRaw("now()"),
  },
});

/** A message of EVENT_CHANGES whose changes are counted in the sessions. */
export class InboxMessage extends InboxMessageSchema.class {}
InboxMessageSchema.setClass(InboxMessage);
