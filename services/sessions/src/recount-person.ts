import type { EntityManager } from "@mikro-orm/postgresql";
import { type Micros, microsOfSql } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { v7 } from "uuid";
import { absorb, type PersonSession, write } from "./fold-by-person.ts";
import { isKept } from "./kept-events.ts";
import { rememberRecount } from "./recounts.ts";
import type { Run } from "./run.ts";
import type { Subject } from "./subject.ts";

/**
 * Makes the sessions of a person anew from the stored events, in the caller's transaction, which has locked them. A run keeps
 * the id of the earliest session that overlaps it; the ids of others that overlap it lead to it. Sessions that ended before events are
 * kept stay as they are.
 */
export async function recountPerson(tx: EntityManager, subject: Subject, idleTimeout: Micros): Promise<void> {
  const { runs, snapshot } = await runsOf(tx, subject, idleTimeout);
  const before = await sessionsOf(tx, subject);
  const sessions = runs.map((run): PersonSession => {
    const [kept, ...absorbed] = takeOverlapping(before, run);
    return { ...run, id: kept ?? v7(), absorbed, namespace: subject.namespace, personId: subject.id };
  });
  await absorb(tx, sessions);
  await remove(
    tx,
    subject,
    before.map(({ id }) => id),
  );
  await write(tx, sessions);
  await rememberRecount(tx, subject, snapshot);
}

interface Known {
  id: string;
  start: Micros;
  end: Micros;
}

/** Takes from `sessions`, which are in order, those that overlap the run. */
function takeOverlapping(sessions: Known[], run: Run): string[] {
  const taken = sessions.filter(({ start, end }) => start <= run.end && end >= run.start);
  for (const session of taken) sessions.splice(sessions.indexOf(session), 1);
  return taken.map(({ id }) => id);
}

/** The runs of the person's events with no gap above the idle timeout, and the snapshot in which they were read. */
async function runsOf(tx: EntityManager, { namespace, id }: Subject, idleTimeout: Micros) {
  const { rows } = await sql<Record<"snapshot" | "start_time" | "end_time" | "count" | "entry" | "exit", string>>`
    with marked as (
      select id, "timestamp" as t,
        ("timestamp" - lag("timestamp") over (order by "timestamp", id)
          <= ${String(idleTimeout)}::bigint * interval '1 microsecond') is not true as starts
      from ingest.events where person_id = ${id} and namespace = ${namespace} and session_id is null and ${isKept}
    ),
    numbered as (select *, count(*) filter (where starts) over (order by t, id) as run from marked),
    runs as (
      select run, min(t) as start_time, max(t) as end_time, count(*) as count,
        (array_agg(id order by t, id))[1] as entry, (array_agg(id order by t desc, id desc))[1] as exit
      from numbered group by run
    )
    select snapshot::text, runs.*
    from (select pg_current_snapshot() as snapshot) as s left join runs on true order by run
  `.execute(tx.getKysely());
  const runs = rows
    .filter(({ entry }) => entry !== null)
    .map(
      (row): Run => ({
        start: microsOfSql(row.start_time),
        end: microsOfSql(row.end_time),
        count: BigInt(row.count),
        entryEventId: row.entry,
        exitEventId: row.exit,
      }),
    );
  return { runs, snapshot: rows[0]!.snapshot };
}

async function sessionsOf(tx: EntityManager, { namespace, id }: Subject): Promise<Known[]> {
  const { rows } = await sql<Record<"id" | "start_time" | "end_time", string>>`
    select id, start_time, end_time from sessions.sessions
    where by_person and namespace = ${namespace} and person_id = ${id}
      and end_time >= (select at from ingest.kept_from)
    order by start_time for update
  `.execute(tx.getKysely());
  return rows.map((row) => ({ id: row.id, start: microsOfSql(row.start_time), end: microsOfSql(row.end_time) }));
}

/** Removes sessions that have no events any more, and the ids that led to them. */
async function remove(tx: EntityManager, { namespace }: Subject, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  const kysely = tx.getKysely();
  await sql`delete from sessions.sessions where namespace = ${namespace} and id = any(${ids}::text[])`.execute(kysely);
  await sql`
    delete from sessions.session_aliases where namespace = ${namespace} and session_id = any(${ids}::text[])
  `.execute(kysely);
}
