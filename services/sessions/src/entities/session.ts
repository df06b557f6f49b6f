import type { MessageInitShape } from "@bufbuild/protobuf";
import { defineEntity, p } from "@mikro-orm/core";
import {
  type SessionSchema as SessionMessageSchema,
  SessionState,
} from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { MicrosType } from "@ocellus/runtime/micros-type.ts";
import { type Micros, timestampOf } from "@ocellus/runtime/time.ts";

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
    entryEventId: p.uuid(),
    exitEventId: p.uuid(),
  },
});

/** A run of events that belong together. */
export class Session extends SessionSchema.class {
  /** Whether its last event lies within the idle timeout before `now`. */
  isOpen(now: Micros, idleTimeoutMs: number): boolean {
    return now <= this.endTime + BigInt(idleTimeoutMs) * 1000n;
  }

  /** The session as it is answered at `now`. */
  toMessage(now: Micros, idleTimeoutMs: number): MessageInitShape<typeof SessionMessageSchema> {
    return {
      id: this.id,
      namespace: this.namespace,
      personId: this.personId ?? undefined,
      startTime: timestampOf(this.startTime),
      endTime: timestampOf(this.endTime),
      eventCount: BigInt(this.eventCount),
      entryEventId: this.entryEventId,
      exitEventId: this.exitEventId,
      state: this.isOpen(now, idleTimeoutMs) ? SessionState.OPEN : SessionState.CLOSED,
    };
  }
}
SessionSchema.setClass(Session);
