import { connectOperator } from "@ocellus/suite/connect-operator.ts";
import type { Json } from "./call-gateway.ts";
import { eventually } from "./eventually.ts";
import { fetch } from "./fetch-with-token.ts";
import type { TestBed } from "./test-bed.ts";

/** Waits until nothing is on its way: each stream is empty, and so is the outbox. */
export async function untilQuiet(
  bed: Pick<TestBed, "query" | "certificates"> & { nats: { url: string } },
): Promise<void> {
  const nats = await connectOperator(bed.nats.url, bed.certificates);
  const manager = await nats.jetstreamManager();
  const isEmpty = async (stream: string) => (await manager.streams.info(stream)).state.messages === 0;
  // One after another, as events go: what leaves the one before it was looked at is seen in the next.
  await eventually(async () => {
    if (!(await isEmpty("EVENTS"))) return undefined;
    if ((await bed.query("select from ingest.outbox limit 1")).length > 0) return undefined;
    return (await isEmpty("EVENT_CHANGES")) || undefined;
  });
  await nats.close();
}

/** Waits until no bucket of the namespace is dirty. */
export const untilMaterialised = (bed: Pick<TestBed, "query">, namespace: string) =>
  eventually(async () => {
    const dirty = await bed.query("select from aggregation.dirty_buckets where namespace = $1", [namespace]);
    return dirty.length === 0 ? true : undefined;
  });

/** All of a session but the id of one that was made from a person's events. */
const SESSION = `person_id, start_time, end_time, event_count, entry_event_id, exit_event_id`;

/** The sessions of a namespace as they are kept. */
export const keptSessions = (bed: Pick<TestBed, "query">, namespace: string) =>
  bed.query(
    `select case when by_person then '' else id end as id, ${SESSION} from sessions.sessions where namespace = $1
     order by id, person_id, start_time`,
    [namespace],
  );

/** The sessions of a namespace as its stored events make them. */
export const recountedSessions = (bed: Pick<TestBed, "query">, namespace: string) =>
  bed.query(
    `with marked as (
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
     from numbered group by id, runner, run order by id, person_id, start_time`,
    [namespace],
  );

/** The aggregates of a series by the hour, as the gateway answers them. */
export async function aggregates(bed: Pick<TestBed, "url">, namespace: string, name: string): Promise<Json[]> {
  const query = async (type: string) => {
    const path = `/v1/aggregates/${namespace}/${name}?granularity=hour&aggregationType=${type}`;
    return (await (await fetch(bed.url + path)).json()) as Json;
  };
  const [sum, max] = await Promise.all([query("sum"), query("max")]);
  return sum.rows.map(({ bucketStart, count, value }: Json, index: number) => ({
    hour: new Date(bucketStart),
    count,
    sum: value ?? null,
    max: max.rows[index].value ?? null,
  }));
}

/** The same, as the stored events make them. */
export const recount = (bed: Pick<TestBed, "query">, namespace: string, name: string) =>
  bed.query(
    `select date_trunc('hour', "timestamp", 'UTC') as hour, count(*) as count, sum(value::text::numeric)::float8 as sum,
       max(value) as max
     from ingest.events where namespace = $1 and name = $2 group by 1 order by 1`,
    [namespace, name],
  );
