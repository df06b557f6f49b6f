import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import type { Problem } from "./problem.ts";

/** An event as it is tracked: the contract's Event, of which only `name` is required. */
export type NewEvent = Pick<Event, "name"> &
  Partial<Pick<Event, "id" | "namespace" | "category" | "sessionId" | "personId" | "value" | "data">> & {
    /** When it happened. Default: the time of `track`, or where an `id` is given, the time in that UUIDv7. */
    timestamp?: Timestamp | Date | undefined;
  };

/** Why an event was given up: there was no room for it, the tracker was closed, or it was older than `maxAgeMs`. */
export type DropReason = "BUFFER_FULL" | "CLOSED" | "TOO_OLD";

/** The event is durable in Ocellus, and stored once. */
export interface Accepted {
  outcome: "accepted";
  /** The event's UUID. */
  id: string;
  timestamp: Timestamp;
}

/** Ocellus, or the tracker where it could not be sent at all, says that the event may not be. */
export interface Refused {
  outcome: "refused";
  id: string;
  problem: Problem;
  event: NewEvent;
  /** Whether an earlier try got no sure answer: then the event may be stored, once. */
  mayBeStored: boolean;
}

/** The tracker gave the event up. Track it again, as it is here, and it is stored once. */
export interface Dropped {
  outcome: "dropped";
  id: string;
  why: DropReason;
  /** With the id and the timestamp that it was given. */
  event: NewEvent;
  /** Whether a try got no sure answer: then the event may be stored, once. Without a try, or with sure answers, it is not. */
  mayBeStored: boolean;
}

/** What became of an event. */
export type Outcome = Accepted | Refused | Dropped;
