import { defineEntity, p } from "@mikro-orm/core";
import { MicrosType } from "@ocellus/runtime/micros-type.ts";

const DeletedEventSchema = defineEntity({
  name: "DeletedEvent",
  tableName: "deleted_events",
  properties: {
    id: p.uuid().primary(),
    timestamp: p.type(MicrosType).primary(),
    deleteTime: p.type(MicrosType),
  },
});

/** The key of an event that was deleted, or that a change moved to another time. */
export class DeletedEvent extends DeletedEventSchema.class {}
DeletedEventSchema.setClass(DeletedEvent);
