import type { EntityManager } from "@mikro-orm/postgresql";
import { DEFAULT_NAMESPACE } from "@ocellus/event-rules/default-namespace.ts";
import { MAX_LENGTHS as EVENT } from "@ocellus/event-rules/validate-event.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { isUniqueViolation } from "@ocellus/runtime/database-errors.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import { textProblem } from "@ocellus/runtime/text-problem.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { v4 } from "uuid";
import { Session } from "../entities/session.ts";
import type { SessionRules } from "../session-rules.ts";

/** Creates a session without events. Throws ALREADY_EXISTS for an id that its namespace has. */
export function createSession(
  em: EntityManager,
  rules: SessionRules,
): Handlers<typeof SessionService>["createSession"] {
  return async ({ session: asked }, { namespaces }) => {
    const { id = "", namespace = "", personId } = asked ?? {};
    requireValid({ id: id || undefined, namespace: namespace || undefined, person_id: personId });
    requireNamespace(namespaces, namespace || DEFAULT_NAMESPACE);
    const now = nowMicros();
    const fork = em.fork();
    const session = fork.create(Session, {
      id: id || v4(),
      namespace: namespace || DEFAULT_NAMESPACE,
      byPerson: false,
      personId: personId ?? null,
      createdPersonId: personId ?? null,
      createTime: now,
      startTime: now,
      endTime: now,
      eventCount: 0n,
    });
    await fork.insert(session).catch((error) => {
      throw isUniqueViolation(error) ? sessionExists(session) : error;
    });
    return { session: session.toMessage(now, rules) };
  };
}

const MAX_LENGTHS = { id: EVENT.sessionId, namespace: EVENT.namespace, person_id: EVENT.personId };

/** Throws one INVALID_ARGUMENT for all texts that an event could not have either. */
function requireValid(texts: Record<keyof typeof MAX_LENGTHS, string | undefined>): void {
  const violations = Object.entries(texts).flatMap(([field, text]) => {
    const description = text === undefined ? undefined : textProblem(text, MAX_LENGTHS[field as keyof typeof texts]);
    return description ? [{ field: `session.${field}`, description }] : [];
  });
  if (violations.length > 0) throw invalidArgument(violations);
}

function sessionExists({ id, namespace }: Session): ServiceError {
  return new ServiceError(
    `The namespace "${namespace}" has a session "${id}" already; send events to it, or take another id`,
    {
      code: Code.ALREADY_EXISTS,
      reason: ErrorReason.SESSION_EXISTS,
    },
  );
}
