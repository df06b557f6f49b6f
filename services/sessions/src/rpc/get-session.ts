import type { EntityManager } from "@mikro-orm/postgresql";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { checkSearched } from "@ocellus/runtime/check-request.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { withinNamespaces } from "@ocellus/runtime/namespace-condition.ts";
import { type NamespaceLimit, requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { Session } from "../entities/session.ts";
import { SessionAlias } from "../entities/session-alias.ts";
import type { SessionRules } from "../session-rules.ts";

/** Answers one session, also by an id that it had before a late event joined it to another. Throws NOT_FOUND. */
export function getSession(em: EntityManager, rules: SessionRules): Handlers<typeof SessionService>["getSession"] {
  return async ({ id, namespace }, { namespaces }) => {
    checkSearched({ texts: { id, namespace } });
    requireNamespace(namespaces, namespace);
    const found = await sessionsOf(em.fork(), id, namespace, namespaces);
    if (found.length > 1) throw ambiguous(id, found);
    const [session] = found;
    if (!session) throw notFound(id, namespace);
    return { session: session.toMessage(nowMicros(), rules) };
  };
}

/** The sessions of all namespaces, or of one, that have this id or had it. */
async function sessionsOf(
  em: EntityManager,
  id: string,
  namespace: string | undefined,
  limit: NamespaceLimit | undefined,
): Promise<Session[]> {
  const own = () => ({ $and: [{ id, ...(namespace !== undefined && { namespace }) }, ...withinNamespaces(limit)] });
  const found = await em.find(Session, own(), { limit: 10 });
  if (found.length > 0) return found;
  const aliases = await em.find(SessionAlias, own(), { limit: 10 });
  if (aliases.length === 0) return [];
  return em.find(Session, { $or: aliases.map(({ sessionId, namespace }) => ({ id: sessionId, namespace })) });
}

function notFound(id: string, namespace: string | undefined): ServiceError {
  const where = namespace === undefined ? "" : ` in the namespace "${namespace}"`;
  return new ServiceError(
    `No session "${id}" exists${where}. That of an event just accepted is there within a second`,
    {
      code: Code.NOT_FOUND,
      reason: ErrorReason.SESSION_NOT_FOUND,
    },
  );
}

function ambiguous(id: string, found: Session[]): ServiceError {
  const namespaces = found.map(({ namespace }) => `"${namespace}"`).join(", ");
  return new ServiceError(
    `Sessions of several namespaces have the id "${id}": ${namespaces}. Name one as "namespace"`,
    {
      code: Code.FAILED_PRECONDITION,
      reason: ErrorReason.SESSION_AMBIGUOUS,
    },
  );
}
