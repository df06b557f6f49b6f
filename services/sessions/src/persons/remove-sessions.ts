import type { EntityManager } from "@mikro-orm/postgresql";
import type { Micros } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { recountNamed } from "../recount-named.ts";
import { recountPerson } from "../recount-person.ts";
import { lockSubjects } from "../subject.ts";

/** How many named sessions one transaction recounts. */
const BATCH = 100;

/** Whose sessions are removed. */
interface Owner {
  namespace: string;
  personId: string;
}

/**
 * Recounts all sessions known as a person's, whose events are purged: those that have no others are gone, also those of events that
 * are not kept any longer. Sessions that name the
 * person in later events alone are recounted when the deletion of these is announced.
 */
export async function removeSessions(
  { em, idleTimeout }: { em: EntityManager; idleTimeout: Micros },
  owner: Owner,
): Promise<void> {
  const { namespace, personId: id } = owner;
  await em.fork().transactional(async (tx) => {
    const subject = { namespace, byPerson: true, id };
    await lockSubjects(tx, [subject]);
    await recountPerson(tx, subject, idleTimeout);
  });
  for (let after = ""; ; ) {
    const ids = await namedSessions(em, owner, after);
    if (ids.length > 0) await em.fork().transactional((tx) => recountAll(tx, owner, ids));
    if (ids.length < BATCH) break;
    after = ids.at(-1)!;
  }
  await removeUnkept(em, owner);
}

/** Removes what a recount leaves as it is, since its events are not kept. */
async function removeUnkept(em: EntityManager, { namespace, personId }: Owner): Promise<void> {
  await sql`
    with gone as (
      delete from sessions.sessions
      where namespace = ${namespace} and person_id = ${personId} and start_time < (select at from ingest.kept_from)
      returning id
    )
    delete from sessions.session_aliases where namespace = ${namespace} and session_id in (select id from gone)
  `.execute(em.fork().getKysely());
}

async function recountAll(tx: EntityManager, { namespace, personId }: Owner, ids: string[]): Promise<void> {
  const subjects = ids.map((id) => ({ namespace, byPerson: false, id }));
  await lockSubjects(tx, subjects);
  // One that was created for this person is kept by its events alone, and no longer by its creation.
  await sql`
    update sessions.sessions set created_person_id = null, create_time = null
    where namespace = ${namespace} and id = any(${ids}::text[]) and created_person_id = ${personId}
  `.execute(tx.getKysely());
  for (const subject of subjects) await recountNamed(tx, subject);
}

/** The ids of the next named sessions that are known as the person's, in order. */
async function namedSessions(em: EntityManager, { namespace, personId }: Owner, after: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from sessions.sessions
    where not by_person and namespace = ${namespace} and id > ${after}
      and (person_id = ${personId} or created_person_id = ${personId})
    order by id limit ${BATCH}
  `.execute(em.fork().getKysely());
  return rows.map(({ id }) => id);
}
