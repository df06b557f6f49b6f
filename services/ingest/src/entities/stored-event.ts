import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { defineEntity, p } from "@mikro-orm/core";
import { DEFAULT_NAMESPACE } from "@ocellus/event-rules/default-namespace.ts";
import type { Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { MicrosType } from "@ocellus/runtime/micros-type.ts";
import { microsOf, timestampOf } from "@ocellus/runtime/time.ts";

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
    /** Set by the table when the event is stored; unknown of what was stored before there was this column. */
    storeTime: p.type(MicrosType).nullable(),
  },
});

/** An event as it is kept. */
export class StoredEvent extends StoredEventSchema.class {
  /** Takes over the fields of a valid event; `id` and the output-only ones stay. */
  change(event: Event): void {
    if (event.timestamp) this.timestamp = microsOf(event.timestamp);
    this.namespace = event.namespace ?? DEFAULT_NAMESPACE;
    this.name = event.name;
    this.category = event.category ?? null;
    this.sessionId = event.sessionId ?? null;
    this.personId = event.personId ?? null;
    this.value = event.value ?? null;
    this.data = event.data ?? null;
  }

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
