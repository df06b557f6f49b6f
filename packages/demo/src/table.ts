import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { type Session, SessionState } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import Table from "cli-table3";

/** The time of day, in UTC. */
export const clock = (time?: Timestamp) => (time ? timestampDate(time).toISOString().slice(11, 19) : "");

/** Whether a session is open. */
export const stateOf = ({ state }: Session) => (state === SessionState.CLOSED ? "closed" : "open");

/** A table without lines between its rows, whose first columns are texts and whose others are numbers. */
export const numbers = (head: string[], texts = 1) =>
  new Table({
    head,
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, column) => (column < texts ? "left" : "right")),
  });
