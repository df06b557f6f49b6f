import type { EntityManager } from "@mikro-orm/postgresql";
import type { EventChange } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { sql } from "kysely";

/** What an event's session hangs on: the session that it names, or its person. */
export interface Subject {
  namespace: string;
  byPerson: boolean;
  /** The id of the session, or of the person. */
  id: string;
}

/** The subject of an event; undefined for one that belongs to no session. */
export function subjectOf({ namespace, sessionId, personId }: EventChange): Subject | undefined {
  if (sessionId !== undefined) return { namespace, byPerson: false, id: sessionId };
  if (personId !== undefined) return { namespace, byPerson: true, id: personId };
  return undefined;
}

/** A text that is the same for the same subject alone. */
export function keyOf({ namespace, byPerson, id }: Subject): string {
  return JSON.stringify([byPerson, namespace, id]);
}

/** Each subject once. */
export function distinct(subjects: Subject[]): Subject[] {
  return [...new Map(subjects.map((subject) => [keyOf(subject), subject])).values()];
}

/**
 * Makes this transaction the only one that writes the sessions of these subjects: two that saw the same sessions would each make
 * one of their own. Subjects share a thousand locks, since PostgreSQL has room for few more in all.
 */
export async function lockSubjects(tx: EntityManager, subjects: Subject[]): Promise<void> {
  await sql`
    select pg_advisory_xact_lock(hashtext('sessions of a subject'), slot)
    from (
      select distinct hashtext(key) & 1023 as slot from unnest(${subjects.map(keyOf)}::text[]) as key order by slot
    ) as slots
  `.execute(tx.getKysely());
}
