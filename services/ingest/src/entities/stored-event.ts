import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { defineEntity, p } from "@mikro-orm/core";
import type { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { MicrosType } from "@ocellus/runtime/micros-type.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";

const StoredEventSchema = defineEntity({
  name: "StoredEvent",
  tableName: "events",
  properties: {
    id: p.uuid().primary(),
    timestamp: p.type(MicrosType).primary(),
    namespace: p.text(),
    name: p.text(),
    category: p.text().nullable(),
    sessionId: p.text().nullable(),
    personId: p.text().nullable(),
    value: p.float().columnType("double precision").nullable(),
    data: p.json<JsonObject>().columnType("json").nullable(),
    receiveTime: p.type(MicrosType),
    updateTime: p.type(MicrosType).nullable(),
  },
});

/** An event as it is kept. */
export class StoredEvent extends StoredEventSchema.class {
  /** The event as it is answered. */
  toMessage(): MessageInitShape<typeof EventSchema> {
    return {
      id: this.id,
      timestamp: timestampOf(this.timestamp),
      namespace: this.namespace,
      name: this.name,
      category: this.category ?? undefined,
      sessionId: this.sessionId ?? undefined,
      personId: this.personId ?? undefined,
      value: this.value ?? undefined,
      data: this.data ?? undefined,
      receiveTime: timestampOf(this.receiveTime),
      updateTime: this.updateTime ? timestampOf(this.updateTime) : undefined,
    };
  }
}
StoredEventSchema.setClass(StoredEvent);
