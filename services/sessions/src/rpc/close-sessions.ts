import type { EntityManager } from "@mikro-orm/postgresql";
import type { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { checkSearched } from "@ocellus/runtime/check-request.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { isoOf, type Micros, microsOf, nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import { type RawBuilder, sql } from "kysely";
import { likeOf, type SessionRules } from "../session-rules.ts";

const DAY_MICROS: Micros = 86_400_000_000n;

/** Closes the open sessions whose last event lies before a time, default 00:00 UTC today. Running it again closes none of them. */
export function closeSessions(
  em: EntityManager,
  rules: SessionRules,
): Handlers<typeof SessionService>["closeSessions"] {
  return async (request) => {
    const { namespace } = request;
    checkSearched({ texts: { namespace }, times: { before: request.before } });
    const now = nowMicros();
    const before = request.before ? microsOf(request.before) : now - (now % DAY_MICROS);
    const idleSince = isoOf(now - BigInt(rules.idleTimeoutMs) * 1000n);
    const closed = await sql`
      update sessions.sessions set closed_before = ${isoOf(before)}::timestamptz
      where end_time < ${isoOf(before)}::timestamptz
        and (closed_before is null or closed_before <= end_time)
        and (${closedByNothingElse(rules)} or end_time >= ${idleSince}::timestamptz)
        and ${namespace === undefined ? sql`true` : sql`namespace = ${namespace}`}
    `.execute(em.fork().getKysely());
    return { closedCount: closed.numAffectedRows ?? 0n, before: timestampOf(before) };
  };
}

/** Whether the idle timeout leaves the sessions of a row's namespace open. */
function closedByNothingElse({ closing }: SessionRules): RawBuilder<unknown> {
  const cases = closing.map(
    ({ glob, closing }) => sql`when namespace like ${likeOf(glob)} then ${closing === "daily"}`,
  );
  return cases.length === 0 ? sql`false` : sql`case ${sql.join(cases, sql` `)} else false end`;
}
