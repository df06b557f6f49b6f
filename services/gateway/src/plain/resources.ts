import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { TimestampSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import {
  ErrorStageSchema,
  type EventError,
  TransportSchema,
} from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { type Person, PersonSchema } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import {
  type Session,
  SessionSchema,
  SessionStateSchema,
} from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { shortNameOf } from "../json/enum-value.ts";
import { violationsIn } from "../upstream-status.ts";

/** An event as the dialect answers it: without the fields that it does not have. */
export function eventJson(event: Event): JsonObject {
  return toJson(EventSchema, event, { useProtoFieldName: true }) as JsonObject;
}

/** A session as the dialect answers it. One without events has no times. */
export function sessionJson(session: Session): JsonObject {
  return {
    ...(toJson(SessionSchema, session, { useProtoFieldName: true }) as JsonObject),
    event_count: Number(session.eventCount),
    state: shortNameOf(SessionStateSchema.value[session.state]!),
  };
}

/** A person as the dialect answers it. One that was never changed was last changed when it was registered. */
export function personJson(person: Person): JsonObject {
  const json = toJson(PersonSchema, person, { useProtoFieldName: true }) as JsonObject;
  return { ...json, update_time: json.update_time ?? json.create_time! };
}

/** A refused event as the dialect answers it: what was sent, and every reason why it was refused. */
export function eventErrorJson(error: EventError): JsonObject {
  const reasons = violationsIn(error.status!).map(({ field, description }) => ({ field, description }));
  const { transport = 0, peer = "", address = "" } = error.source ?? {};
  return {
    id: error.id,
    payload: error.payload ? toJson(ValueSchema, error.payload) : null,
    reasons: reasons.length > 0 ? reasons : [{ field: "", description: error.status!.message }],
    stage: shortNameOf(ErrorStageSchema.value[error.stage]!),
    source: { transport: shortNameOf(TransportSchema.value[transport]!), peer, address },
    create_time: toJson(TimestampSchema, error.createTime!),
  };
}
