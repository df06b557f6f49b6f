import type { EntityManager } from "@mikro-orm/postgresql";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { withinNamespaces } from "@ocellus/runtime/namespace-condition.ts";
import type { NamespaceLimit } from "@ocellus/runtime/namespace-limit.ts";
import { ServiceError, unavailable } from "@ocellus/runtime/service-error.ts";
import { isoOf, nowMicros } from "@ocellus/runtime/time.ts";
import { TooLate, within } from "@ocellus/runtime/within.ts";
import { sql } from "kysely";
import { Person } from "../entities/person.ts";
import type { Deletions } from "../persons/deletions.ts";
import { personNotFound, requirePersonId } from "../persons/find-person.ts";
import type { PersonContext } from "../persons/person-context.ts";

/** Less than callers wait: one that gives up would not learn that the deletion goes on. */
const ANSWER_WITHIN_MS = 10_000;

/**
 * Deletes a person with all events and sessions. Throws NOT_FOUND, and UNAVAILABLE where the deletion has begun, and goes on by itself.
 */
export function deletePerson(
  { em, log }: PersonContext,
  deletions: Deletions,
): Handlers<typeof PersonService>["deletePerson"] {
  return async ({ id: asked }, { namespaces }) => {
    requirePersonId(asked, "id");
    const id = asked.toLowerCase();
    if (namespaces) await requireOpen(em.fork(), id, namespaces);
    // It waits for a signup event that is just being sent; from then on none is.
    const marked = await sql`
      update sessions.persons set delete_time = coalesce(delete_time, ${isoOf(nowMicros())}::timestamptz) where id = ${id}
    `.execute(em.fork().getKysely());
    if (marked.numAffectedRows === 0n) throw personNotFound(asked);
    const work = deletions.finish(id);
    work.catch((error) =>
      log.warn({ err: error, personId: id }, "a deletion is not finished yet; the sweep will do it"),
    );
    await within(ANSWER_WITHIN_MS, work).catch((error) => {
      throw goesOn(id, whyNot(error), error);
    });
    return {};
  };
}

/** Throws NOT_FOUND for a person that is not open to the caller. One that is being deleted may be deleted again. */
async function requireOpen(em: EntityManager, id: string, limit: NamespaceLimit): Promise<void> {
  const count = await em.count(Person, { $and: [{ id }, ...withinNamespaces(limit)] });
  if (count === 0) throw personNotFound(id);
}

function whyNot(error: unknown): string {
  if (error instanceof TooLate) return "It takes a while";
  return error instanceof ServiceError ? error.message : "It was interrupted";
}

function goesOn(id: string, why: string, cause?: unknown): ServiceError {
  const message = `The deletion of person ${id} has begun, and goes on by itself until it is done. ${why}`;
  return unavailable(message, ErrorReason.SERVICE_UNAVAILABLE, cause);
}
