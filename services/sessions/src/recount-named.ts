import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { isKept } from "./kept-events.ts";
import { rememberRecount } from "./recounts.ts";
import type { Subject } from "./subject.ts";

/**
 * Counts a named session anew from the stored events, in the caller's transaction, which has locked it. Without events it is
 * gone, unless CreateSession created it. Of a session that begins before events are kept only those that are kept are counted; without
 * any of them it stays as it is.
 */
export async function recountNamed(tx: EntityManager, subject: Subject): Promise<void> {
  const { namespace, id } = subject;
  const kysely = tx.getKysely();
  const { rows } = await sql<{ snapshot: string; count: string }>`
    with events as materialized (
      select id, "timestamp", person_id from ingest.events
      where session_id = ${id} and namespace = ${namespace} and ${isKept}
    ),
    entry as (select * from events order by "timestamp", id limit 1),
    exit as (select * from events order by "timestamp" desc, id desc limit 1),
    person as (select * from events where person_id is not null order by "timestamp", id limit 1),
    written as (
      insert into sessions.sessions as s
        (id, namespace, by_person, person_id, person_time, person_event_id, start_time, end_time, event_count,
         entry_event_id, exit_event_id)
      select ${id}, ${namespace}, false, person.person_id, person."timestamp", person.id, entry."timestamp",
        exit."timestamp", (select count(*) from events), entry.id, exit.id
      from entry cross join exit left join person on true
      on conflict (id, namespace) do update set
        person_id = coalesce(excluded.person_id, s.created_person_id), person_time = excluded.person_time,
        person_event_id = excluded.person_event_id, start_time = excluded.start_time, end_time = excluded.end_time,
        event_count = excluded.event_count, entry_event_id = excluded.entry_event_id,
        exit_event_id = excluded.exit_event_id
      where not s.by_person
    )
    select pg_current_snapshot()::text as snapshot, (select count(*) from events) as count
  `.execute(kysely);
  if (rows[0]!.count === "0") await emptySession(tx, subject);
  await rememberRecount(tx, subject, rows[0]!.snapshot);
}

async function emptySession(tx: EntityManager, { namespace, id }: Subject): Promise<void> {
  const kysely = tx.getKysely();
  const named = sql`id = ${id} and namespace = ${namespace} and not by_person
    and (create_time is not null or start_time >= (select at from ingest.kept_from))`;
  await sql`delete from sessions.sessions where ${named} and create_time is null`.execute(kysely);
  await sql`
    update sessions.sessions set event_count = 0, start_time = create_time, end_time = create_time,
      entry_event_id = null, exit_event_id = null,
      person_id = created_person_id, person_time = null, person_event_id = null
    where ${named}
  `.execute(kysely);
}
