import type { EntityManager } from "@mikro-orm/postgresql";
import { isoOf, type Micros } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { v7 } from "uuid";
import { type FoldedRun, foldRuns } from "./fold-runs.ts";
import { keyOf, type Person, sessionsNear } from "./sessions-near.ts";
import type { StoredRuns } from "./stored-runs.ts";

/** A session of a person that is new or changed. */
export type PersonSession = FoldedRun & { id: string; namespace: string; personId: string };

/**
 * Folds events that name a person and no session into that person's sessions, in the caller's transaction, which
 * has locked the persons.
 */
export async function foldByPerson(tx: EntityManager, runs: StoredRuns[], idleTimeout: Micros): Promise<void> {
  const persons = personsOf(runs);
  if (persons.length === 0) return;
  const stored = await sessionsNear(tx, persons, idleTimeout);
  const sessions = persons.flatMap(({ namespace, personId, events }) =>
    foldRuns(stored.get(keyOf(namespace, personId)) ?? [], events, idleTimeout).map(
      (run): PersonSession => ({ ...run, id: run.id ?? v7(), namespace, personId }),
    ),
  );
  await absorb(tx, sessions);
  await write(tx, sessions);
}

function personsOf(stored: StoredRuns[]): Person[] {
  const persons = new Map<string, Person>();
  for (const { subject, runs } of stored) {
    if (!subject.byPerson) continue;
    const { namespace, id: personId } = subject;
    const key = keyOf(namespace, personId);
    const person = persons.get(key) ?? { namespace, personId, events: [] };
    person.events.push(...runs);
    persons.set(key, person);
  }
  return [...persons.values()];
}

/** Removes sessions that became part of others, and lets their ids lead there. */
export async function absorb(tx: EntityManager, sessions: PersonSession[]): Promise<void> {
  const absorbed = sessions.flatMap(({ absorbed, namespace, id }) => absorbed.map((from) => ({ from, namespace, id })));
  if (absorbed.length === 0) return;
  const pairs = sql`unnest(
      ${absorbed.map(({ from }) => from)}::text[],
      ${absorbed.map(({ namespace }) => namespace)}::text[],
      ${absorbed.map(({ id }) => id)}::text[]
    ) as joined (id, namespace, session_id)`;
  const kysely = tx.getKysely();
  await sql`delete from sessions.sessions s using ${pairs} where (s.id, s.namespace) = (joined.id, joined.namespace)`.execute(
    kysely,
  );
  await sql`
    update sessions.session_aliases a set session_id = joined.session_id from ${pairs}
    where (a.session_id, a.namespace) = (joined.id, joined.namespace)`.execute(kysely);
  await sql`insert into sessions.session_aliases (id, namespace, session_id) select * from ${pairs}`.execute(kysely);
}

/** Writes sessions that are new or changed. */
export async function write(tx: EntityManager, sessions: PersonSession[]): Promise<void> {
  const column = <T>(value: (session: PersonSession) => T) => sessions.map(value);
  await sql`
    insert into sessions.sessions
      (id, namespace, by_person, person_id, start_time, end_time, event_count, entry_event_id, exit_event_id)
    select id, namespace, true, person_id, start_time, end_time, event_count, entry_event_id, exit_event_id
    from unnest(
      ${column(({ id }) => id)}::text[],
      ${column(({ namespace }) => namespace)}::text[],
      ${column(({ personId }) => personId)}::text[],
      ${column(({ start }) => isoOf(start))}::timestamptz[],
      ${column(({ end }) => isoOf(end))}::timestamptz[],
      ${column(({ count }) => String(count))}::bigint[],
      ${column(({ entryEventId }) => entryEventId)}::uuid[],
      ${column(({ exitEventId }) => exitEventId)}::uuid[]
    ) as t (id, namespace, person_id, start_time, end_time, event_count, entry_event_id, exit_event_id)
    on conflict (id, namespace) do update set
      start_time = excluded.start_time, end_time = excluded.end_time, event_count = excluded.event_count,
      entry_event_id = excluded.entry_event_id, exit_event_id = excluded.exit_event_id
  `.execute(tx.getKysely());
}
