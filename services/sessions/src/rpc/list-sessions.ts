import type { EntityManager } from "@mikro-orm/postgresql";
import type { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { listNewestFirst } from "@ocellus/runtime/list-newest-first.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { Session } from "../entities/session.ts";
import type { SessionRules } from "../session-rules.ts";

/** Lists sessions, latest start first. Throws INVALID_ARGUMENT for a page token of another query. */
export function listSessions(em: EntityManager, rules: SessionRules): Handlers<typeof SessionService>["listSessions"] {
  return async (request) => {
    const { rows, nextPageToken } = await listNewestFirst(em, Session, {
      texts: { namespace: request.namespace, person_id: request.personId },
      min: ["start_time_min", request.startTimeMin],
      max: ["start_time_max", request.startTimeMax],
      key: ["start_time", "id", "namespace"],
      page: request,
    });
    const now = nowMicros();
    return { sessions: rows.map((session) => session.toMessage(now, rules)), nextPageToken };
  };
}
