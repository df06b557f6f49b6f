import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import type { Micros } from "@ocellus/runtime/time.ts";

export type EventInit = Omit<MessageInitShape<typeof EventSchema>, "$typeName" | "timestamp"> & {
  timestamp?: Timestamp;
};

/** What an event is at the end, as far as a change may touch it. */
export interface Facts {
  namespace: string;
  name: string;
  category: string | undefined;
  sessionId: string | undefined;
  personId: string | undefined;
  timestamp: Micros | undefined;
  value: number | undefined;
}

/**
 * What the client knows of an event:
 * - waiting: it goes on sending it.
 * - accepted, refused: so it was answered.
 * - unknown: it got no answer, and cannot send it again, since nothing would tell the two apart.
 */
export type Outcome = "waiting" | "accepted" | "refused" | "unknown";

/** One event that was sent, and all that was answered. */
export interface Entry {
  /** Also in its `data`, by which the stored event is known whatever became of its id. */
  readonly serial: number;
  readonly event: EventInit;
  /** The contract allows it, or does not, or allows what the database refuses. */
  readonly nature: "valid" | "invalid" | "poison";
  /** Whether a retry is the same event: it carries an id, or its content makes one. */
  readonly repeatable: boolean;
  outcome: Outcome;
  /** An attempt of it got no answer, and may still arrive at any time. */
  mayArrive: boolean;
  /** How many deliveries of it are under way. */
  sending: number;
  receipt: { id: string; timestamp: Micros } | undefined;
  /** What it must be when all is done. */
  facts: Facts;
  changed: "no" | "busy" | "updated" | "deleted";
}
