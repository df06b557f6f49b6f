import type { EntityManager } from "@mikro-orm/postgresql";
import { isoOf } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { type FirstPerson, isBefore, join, type Run } from "./run.ts";
import type { StoredRuns } from "./stored-runs.ts";
import { keyOf } from "./subject.ts";

/** What events add to a session that they name. */
interface NamedRun extends Run {
  namespace: string;
  id: string;
  person: FirstPerson | undefined;
}

/** Adds events to the sessions that they name, and creates those that are not there. One statement, in the caller's transaction. */
export async function foldNamed(tx: EntityManager, stored: StoredRuns[]): Promise<void> {
  const runs = namedRuns(stored);
  if (runs.length === 0) return;
  const column = <T>(value: (run: NamedRun) => T) => runs.map(value);
  await sql`
    insert into sessions.sessions as s
      (id, namespace, by_person, person_id, person_time, person_event_id, start_time, end_time, event_count,
       entry_event_id, exit_event_id)
    select id, namespace, false, person_id, person_time, person_event_id, start_time, end_time, event_count,
       entry_event_id, exit_event_id
    from unnest(
      ${column(({ id }) => id)}::text[],
      ${column(({ namespace }) => namespace)}::text[],
      ${column(({ person }) => person?.id)}::text[],
      ${column(({ person }) => person && isoOf(person.time))}::timestamptz[],
      ${column(({ person }) => person?.eventId)}::uuid[],
      ${column(({ start }) => isoOf(start))}::timestamptz[],
      ${column(({ end }) => isoOf(end))}::timestamptz[],
      ${column(({ count }) => String(count))}::bigint[],
      ${column(({ entryEventId }) => entryEventId)}::uuid[],
      ${column(({ exitEventId }) => exitEventId)}::uuid[]
    ) as t (id, namespace, person_id, person_time, person_event_id, start_time, end_time, event_count,
       entry_event_id, exit_event_id)
    on conflict (id, namespace) do update set
      event_count = s.event_count + excluded.event_count,
      (start_time, entry_event_id) = (
        select case when kept then s.start_time else excluded.start_time end,
               case when kept then s.entry_event_id else excluded.entry_event_id end
        from (select s.event_count > 0
          and row(s.start_time, s.entry_event_id) < row(excluded.start_time, excluded.entry_event_id) as kept)),
      (end_time, exit_event_id) = (
        select case when kept then s.end_time else excluded.end_time end,
               case when kept then s.exit_event_id else excluded.exit_event_id end
        from (select s.event_count > 0
          and row(s.end_time, s.exit_event_id) > row(excluded.end_time, excluded.exit_event_id) as kept)),
      (person_id, person_time, person_event_id) = (
        select case when mine then s.person_id else excluded.person_id end,
               case when mine then s.person_time else excluded.person_time end,
               case when mine then s.person_event_id else excluded.person_event_id end
        from (select excluded.person_id is null or s.by_person or coalesce(
          row(s.person_time, s.person_event_id) < row(excluded.person_time, excluded.person_event_id), false) as mine))
  `.execute(tx.getKysely());
}

/** One run for each session named, in one order for all writers, so that their row locks do not deadlock. */
function namedRuns(stored: StoredRuns[]): NamedRun[] {
  const runs = new Map<string, NamedRun>();
  for (const { subject, runs: added, person } of stored) {
    if (subject.byPerson) continue;
    const key = keyOf(subject);
    const known = runs.get(key);
    const run = (known ? [known, ...added] : added).reduce(join);
    runs.set(key, { ...run, namespace: subject.namespace, id: subject.id, person: earlier(known?.person, person) });
  }
  return [...runs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, run]) => run);
}

function earlier(a: FirstPerson | undefined, b: FirstPerson | undefined): FirstPerson | undefined {
  if (!a || !b) return a ?? b;
  return isBefore([b.time, b.eventId], [a.time, a.eventId]) ? b : a;
}
