import type { EntityManager } from "@mikro-orm/postgresql";
import {
  type ListSessionsRequest,
  type SessionService,
  SessionState,
} from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { searchedProblems } from "@ocellus/runtime/check-request.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { type FurtherFilters, listNewestFirst } from "@ocellus/runtime/list-newest-first.ts";
import { requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { type Micros, microsOf, nowMicros } from "@ocellus/runtime/time.ts";
import { Session } from "../entities/session.ts";
import { isOpenCondition } from "../is-open-condition.ts";
import type { SessionRules } from "../session-rules.ts";

/** Lists sessions, latest start first. Throws INVALID_ARGUMENT for a page token of another query. */
export function listSessions(em: EntityManager, rules: SessionRules): Handlers<typeof SessionService>["listSessions"] {
  return async (request, { namespaces }) => {
    requireNamespace(namespaces, request.namespace);
    const now = nowMicros();
    const { rows, nextPageToken } = await listNewestFirst(em, Session, {
      texts: { namespace: request.namespace, person_id: request.personId },
      min: ["start_time_min", request.startTimeMin],
      max: ["start_time_max", request.startTimeMax],
      key: ["start_time", "id", "namespace"],
      page: request,
      within: namespaces,
      also: endAndState(request, now, rules),
    });
    return { sessions: rows.map((session) => session.toMessage(now, rules)), nextPageToken };
  };
}

/** Sessions are listed in the state in which they are answered: both go by the same `now`. */
function endAndState({ endTimeMin, endTimeMax, state }: ListSessionsRequest, now: Micros, rules: SessionRules) {
  const problems = searchedProblems({ times: { end_time_min: endTimeMin, end_time_max: endTimeMax } });
  const isState = state === SessionState.OPEN || state === SessionState.CLOSED;
  if (!isState && state !== SessionState.UNSPECIFIED) {
    problems.push({ field: "state", description: `must be a SessionState, and is ${state}` });
  }
  const [from, to] = [endTimeMin && microsOf(endTimeMin), endTimeMax && microsOf(endTimeMax)];
  const conditions: object[] = [];
  if (problems.length === 0) {
    if (from !== undefined) conditions.push({ endTime: { $gte: from } });
    // What started later did not end before: with it the index of the list's order is entered at the right place.
    if (to !== undefined) conditions.push({ endTime: { $lte: to }, startTime: { $lte: to } });
    if (isState) conditions.push(isOpenCondition(state === SessionState.OPEN, now, rules));
  }
  return { problems, conditions, given: [String(from), String(to), state] } satisfies FurtherFilters;
}
