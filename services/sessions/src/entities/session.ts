import type { MessageInitShape } from "@bufbuild/protobuf";
import { defineEntity, p } from "@mikro-orm/core";
import {
  type SessionSchema as SessionMessageSchema,
  SessionState,
} from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { MicrosType } from "@ocellus/runtime/micros-type.ts";
import { type Micros, timestampOf } from "@ocellus/runtime/time.ts";
import { closingOf, type SessionRules } from "../session-rules.ts";

const SessionSchema = defineEntity({
  name: "Session",
  tableName: "sessions",
  properties: {
    id: p.text().primary(),
    namespace: p.text().primary(),
    /** Whether it was made from one person's events, and not named by them. */
    byPerson: p.boolean(),
    personId: p.text().nullable(),
    /** The earliest event that names a person: by it the person of a named session is found. */
    personTime: p.type(MicrosType).nullable(),
    personEventId: p.uuid().nullable(),
    startTime: p.type(MicrosType),
    endTime: p.type(MicrosType),
    eventCount: p.bigint(),
    entryEventId: p.uuid().nullable(),
    exitEventId: p.uuid().nullable(),
    /** CloseSessions closed it, as far as its last event lies before this time. */
    closedBefore: p.type(MicrosType).nullable(),
    /** When CreateSession created it; null for a session that its first event created. */
    createTime: p.type(MicrosType).nullable(),
    /** The person that CreateSession named, until an event names one. */
    createdPersonId: p.text().nullable(),
  },
});

/** A run of events that belong together. Without events its times are those of its creation. */
export class Session extends SessionSchema.class {
  /** Whether it may go on at `now`; see SessionState. */
  isOpen(now: Micros, rules: SessionRules): boolean {
    if (this.closedBefore && this.endTime < this.closedBefore) return false;
    if (closingOf(this.namespace, rules) === "daily") return true;
    return now <= this.endTime + BigInt(rules.idleTimeoutMs) * 1000n;
  }

  /** The session as it is answered at `now`. */
  toMessage(now: Micros, rules: SessionRules): MessageInitShape<typeof SessionMessageSchema> {
    const hasEvents = BigInt(this.eventCount) > 0n;
    return {
      id: this.id,
      namespace: this.namespace,
      personId: this.personId ?? undefined,
      startTime: hasEvents ? timestampOf(this.startTime) : undefined,
      endTime: hasEvents ? timestampOf(this.endTime) : undefined,
      eventCount: BigInt(this.eventCount),
      entryEventId: this.entryEventId ?? "",
      exitEventId: this.exitEventId ?? "",
      state: this.isOpen(now, rules) ? SessionState.OPEN : SessionState.CLOSED,
    };
  }
}
SessionSchema.setClass(Session);
