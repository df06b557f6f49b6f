import { defineEntity, p } from "@mikro-orm/core";

const EventErrorSchema = defineEntity({
  name: "EventError",
  tableName: "event_errors",
  properties: {
    id: p.uuid().primary(),
    /** Unknown where the payload cannot be read. */
    eventId: p.uuid().nullable(),
    /** An encoded ocellus.event.v1.AcceptedEvents of one event, or the message as it was found where it cannot be read. */
    payload: p.blob(),
    message: p.text(),
    createTime: p.datetime().defaultRaw("now()"),
  },
});

/** An accepted event that could not be stored, and why: a dead letter. */
export class EventError extends EventErrorSchema.class {}
EventErrorSchema.setClass(EventError);
