import type { MessageInitShape } from "@bufbuild/protobuf";
import { defineEntity, p } from "@mikro-orm/core";
import { type Status, StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import type {
  ErrorStage,
  EventErrorSchema as EventErrorMessage,
  Transport,
} from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
import { MicrosType } from "@ocellus/runtime/micros-type.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";
import { payloadValue } from "../errors/payload-value.ts";

const EventErrorSchema = defineEntity({
  name: "EventError",
  tableName: "event_errors",
  properties: {
    id: p.uuid().primary(),
    /** The id that the refused event had; unknown where it had none, or cannot be read. */
    eventId: p.uuid().nullable(),
    /** An ErrorStage. */
    stage: p.smallint().$type<ErrorStage>(),
    /** An encoded google.rpc.Status; unknown of errors that an earlier version kept, which had a message alone. */
    status: p.blob().nullable(),
    message: p.text().nullable(),
    reason: p.text(),
    /** The offending fields, by their paths in the event. */
    fields: p.array().columnType("text[]"),
    payload: p.blob(),
    payloadSize: p.bigint().nullable(),
    /** An encoded Event. */
    event: p.blob().nullable(),
    namespace: p.text().nullable(),
    name: p.text().nullable(),
    /** A Transport. */
    transport: p.smallint().$type<Transport>(),
    peer: p.text(),
    address: p.text(),
    createTime: p.type(MicrosType),
    replayTime: p.type(MicrosType).nullable(),
    replayedEventId: p.uuid().nullable(),
    replayedTimestamp: p.type(MicrosType).nullable(),
  },
});

/** An event that was refused, and why: a dead letter. */
export class EventError extends EventErrorSchema.class {
  /** The event, where all of it could be read. */
  readEvent(): Event | undefined {
    return this.event ? decode(EventSchema, this.event) : undefined;
  }

  /** The error as it is answered, without `raw_payload`. */
  toMessage(): MessageInitShape<typeof EventErrorMessage> {
    return {
      id: this.id,
      stage: this.stage,
      status: this.status ? decode(StatusSchema, this.status) : refusalOf(this.message ?? ""),
      payload: payloadValue(this.payload),
      payloadSize: BigInt(this.payloadSize ?? this.payload.length),
      event: this.readEvent(),
      namespace: this.namespace ?? undefined,
      name: this.name ?? undefined,
      source: { transport: this.transport, peer: this.peer, address: this.address },
      createTime: timestampOf(this.createTime),
      replayTime: this.replayTime ? timestampOf(this.replayTime) : undefined,
      replayedEventId: this.replayedEventId ?? "",
    };
  }
}
EventErrorSchema.setClass(EventError);

function refusalOf(message: string): Status {
  const facts = { code: Code.INVALID_ARGUMENT, reason: ErrorReason.EVENT_NOT_STORABLE };
  return toStatus(new ServiceError(message, facts));
}
