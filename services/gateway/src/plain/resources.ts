import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import {
  type Session,
  SessionSchema,
  SessionStateSchema,
} from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { shortNameOf } from "../json/enum-value.ts";

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
