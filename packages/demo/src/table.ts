import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { type Session, SessionState } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";

/** The time of day, in UTC. */
export const clock = (time?: Timestamp) => (time ? timestampDate(time).toISOString().slice(11, 19) : "");

/** Whether a session is open. */
export const stateOf = ({ state }: Session) => (state === SessionState.CLOSED ? "closed" : "open");
