import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { rememberRecount } from "./recounts.ts";
import type { Subject } from "./subject.ts";

/** Counts a named session anew from the stored events, in the caller's transaction, which has locked it. */
export async function recountNamed(tx: EntityManager, subject: Subject): Promise<void> {
  const { namespace, id } = subject;
  const kysely = tx.getKysely();
  await sql`delete from sessions.sessions where id = ${id} and namespace = ${namespace} and not by_person`.execute(
    kysely,
  );
  const { rows } = await sql<{ snapshot: string }>`
    with events as materialized (
      select id, "timestamp", person_id from ingest.events where session_id = ${id} and namespace = ${namespace}
    ),
    entry as (select * from events order by "timestamp", id limit 1),
    exit as (select * from events order by "timestamp" desc, id desc limit 1),
    person as (select * from events where person_id is not null order by "timestamp", id limit 1),
    written as (
      insert into sessions.sessions
        (id, namespace, by_person, person_id, person_time, person_event_id, start_time, end_time, event_count,
         entry_event_id, exit_event_id)
      select ${id}, ${namespace}, false, person.person_id, person."timestamp", person.id, entry."timestamp",
        exit."timestamp", (select count(*) from events), entry.id, exit.id
      from entry cross join exit left join person on true
    )
    select pg_current_snapshot()::text as snapshot
  `.execute(kysely);
  await rememberRecount(tx, subject, rows[0]!.snapshot);
}
