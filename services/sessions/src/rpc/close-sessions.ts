import type { EntityManager } from "@mikro-orm/postgresql";
import type { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { checkSearched } from "@ocellus/runtime/check-request.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { withinNamespaces } from "@ocellus/runtime/namespace-condition.ts";
import { requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { type Micros, microsOf, nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import { Session } from "../entities/session.ts";
import { isOpenCondition } from "../is-open-condition.ts";
import type { SessionRules } from "../session-rules.ts";

const DAY_MICROS: Micros = 86_400_000_000n;

/** Closes the open sessions whose last event lies before a time, default 00:00 UTC today. Running it again closes none of them. */
export function closeSessions(
  em: EntityManager,
  rules: SessionRules,
): Handlers<typeof SessionService>["closeSessions"] {
  return async (request, { namespaces }) => {
    const { namespace } = request;
    checkSearched({ texts: { namespace }, times: { before: request.before } });
    requireNamespace(namespaces, namespace);
    const now = nowMicros();
    const before = request.before ? microsOf(request.before) : now - (now % DAY_MICROS);
    const ended = { endTime: { $lt: before }, ...(namespace !== undefined && { namespace }) };
    const open = { $and: [ended, ...withinNamespaces(namespaces), isOpenCondition(true, now, rules)] };
    const closedCount = await em.fork().nativeUpdate(Session, open, { closedBefore: before });
    return { closedCount: BigInt(closedCount), before: timestampOf(before) };
  };
}
