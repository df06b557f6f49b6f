/** All of a session but the id of one that was made from a person's events. */
const SESSION = "person_id, start_time, end_time, event_count, entry_event_id, exit_event_id";

/** The sessions of the namespace $1 as they are kept. */
export const KEPT_SESSIONS = `
  select case when by_person then '' else id end as id, ${SESSION} from sessions.sessions where namespace = $1
  order by id, person_id, start_time, entry_event_id`;

/** The sessions of the namespace $1 as its events make them, by an idle timeout of 30 minutes. */
export const RECOUNTED_SESSIONS = `
  with marked as (
    select coalesce(session_id, '') as id, session_id is null as by_person, person_id, id as event_id, "timestamp" as t,
      session_id is null and ("timestamp" - lag("timestamp") over (
        partition by session_id, case when session_id is null then person_id end order by "timestamp", id
      ) <= interval '30 minutes') is not true as starts
    from ingest.events where namespace = $1 and (session_id is not null or person_id is not null)
  ), numbered as (
    select *, case when by_person then person_id end as runner, count(*) filter (where starts) over (
      partition by id, case when by_person then person_id end order by t, event_id) as run
    from marked
  )
  select id, (array_agg(person_id order by t, event_id) filter (where person_id is not null))[1] as person_id,
    min(t) as start_time, max(t) as end_time, count(*) as event_count,
    (array_agg(event_id order by t, event_id))[1] as entry_event_id,
    (array_agg(event_id order by t desc, event_id desc))[1] as exit_event_id
  from numbered group by id, runner, run order by id, person_id, start_time, entry_event_id`;
