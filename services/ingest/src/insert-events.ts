import type { EntityManager } from "@mikro-orm/postgresql";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { isoOf, type Micros, microsOf } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";

/** A valid event on its way into the table. */
export interface EventToStore {
  event: Event;
  timestamp: Micros;
  receiveTime: Micros;
}

/** An event of the queue as it is to be stored. */
export function toStore(event: Event, receiveTime: Micros): EventToStore {
  if (!event.timestamp) throw new Error(`The accepted event ${event.id} has no timestamp`);
  return { event, timestamp: microsOf(event.timestamp), receiveTime };
}

/** What one statement stored. */
export interface Inserted {
  /** The events that were not there before. */
  events: EventToStore[];
  /** The transaction that stored them. */
  transactionId: bigint;
}

/**
 * Inserts events in one statement, within the caller's transaction. An event that was deleted after it was received stays
 * deleted: it comes again when its message is redelivered. So do the events of a person that was purged after they were received; by
 * naming that table the statement waits for a purge that begins, and a purge for it (see `purge-events.ts`).
 */
export async function insertEvents(em: EntityManager, events: EventToStore[]): Promise<Inserted> {
  // Writers that lock rows in one order do not deadlock.
  const rows = events.toSorted((a, b) => (a.event.id < b.event.id ? -1 : a.event.id > b.event.id ? 1 : 0));
  const column = <T>(value: (row: EventToStore) => T) => rows.map(value);
  const { rows: inserted } = await sql<{ id: string; timestamp: string; transaction_id: string }>`
    insert into ingest.events
      (id, "timestamp", namespace, name, category, session_id, person_id, value, data, receive_time)
    select id, "timestamp", namespace, name, category, session_id, person_id, value, data::json, receive_time
    from unnest(
      ${column(({ event }) => event.id)}::uuid[],
      ${column(({ timestamp }) => isoOf(timestamp))}::timestamptz[],
      ${column(({ event }) => event.namespace)}::text[],
      ${column(({ event }) => event.name)}::text[],
      ${column(({ event }) => event.category)}::text[],
      ${column(({ event }) => event.sessionId)}::text[],
      ${column(({ event }) => event.personId)}::text[],
      ${column(({ event }) => event.value)}::float8[],
      ${column(({ event }) => event.data && JSON.stringify(event.data))}::text[],
      ${column(({ receiveTime }) => isoOf(receiveTime))}::timestamptz[]
    ) as t (id, "timestamp", namespace, name, category, session_id, person_id, value, data, receive_time)
    where not exists (
      select from ingest.deleted_events d
      where d.id = t.id and d."timestamp" = t."timestamp" and d.delete_time >= t.receive_time)
      and not exists (
        select from ingest.purged_persons p
        where p.namespace = t.namespace and p.person_id = t.person_id and p.purge_time >= t.receive_time)
    on conflict do nothing
    returning id, to_char("timestamp" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "timestamp",
      pg_current_xact_id()::text as transaction_id
  `.execute(em.getKysely());
  const fresh = new Set(inserted.map(({ id, timestamp }) => `${id} ${timestamp}`));
  return {
    events: rows.filter(({ event, timestamp }) => fresh.delete(`${event.id} ${isoOf(timestamp)}`)),
    transactionId: BigInt(inserted[0]?.transaction_id ?? 0),
  };
}
