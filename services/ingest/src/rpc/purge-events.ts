import type { EntityManager } from "@mikro-orm/postgresql";
import type { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { checkSearched } from "@ocellus/runtime/check-request.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { isoOf, microsOfSql, nowMicros } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { type ChangeOptions, changeEvents } from "../change-event.ts";
import { deleted, type Headers } from "../changes-of.ts";

/** How many events one transaction deletes. */
const BATCH = 1000;

/** Whose events are purged. */
interface Purged {
  namespace: string;
  personId: string;
}

/** Deletes all events of a person, those in the queue included. Throws INVALID_ARGUMENT for a person that no event can name. */
export function purgeEvents(options: ChangeOptions): Handlers<typeof EventService>["purgeEvents"] {
  return async ({ namespace, personId }, { signal }) => {
    checkSearched({ texts: { namespace, person_id: personId } });
    const person = { namespace, personId };
    await keepOut(options.em, person);
    let deletedCount = 0;
    for (let count = -1; count !== 0; deletedCount += count) {
      signal.throwIfAborted();
      count = await changeEvents(options, (tx) => deleteSome(tx, person));
    }
    return { deletedCount: BigInt(deletedCount) };
  };
}

/**
 * Remembers the person as purged, so that events received until now are not stored any more. Its lock waits for the statements that are
 * storing, which may not have seen this, and lets others begin when they will see it: what is purged next is all that there will be.
 */
async function keepOut(em: EntityManager, { namespace, personId }: Purged): Promise<void> {
  await em.fork().transactional(async (tx) => {
    const kysely = tx.getKysely();
    await sql`lock table ingest.purged_persons in access exclusive mode`.execute(kysely);
    await sql`
      insert into ingest.purged_persons as p (namespace, person_id, purge_time)
      values (${namespace}, ${personId}, ${isoOf(nowMicros())}::timestamptz)
      on conflict (namespace, person_id) do update set purge_time = greatest(p.purge_time, excluded.purge_time)
    `.execute(kysely);
  });
}

/**
 * Deletes the oldest of the person's events, and remembers each as deleted: its status tells so, and one that an update made the
 * person's is not kept out by the person that it was received with.
 */
async function deleteSome(tx: EntityManager, { namespace, personId }: Purged) {
  const { rows } = await sql<Record<"id" | "namespace" | "name" | "timestamp", string> & Partial<Headers>>`
    with oldest as (
      select id, "timestamp" from ingest.events where person_id = ${personId} and namespace = ${namespace}
      order by "timestamp", id limit ${BATCH} for update
    ),
    gone as (
      delete from ingest.events e using oldest where (e.id, e."timestamp") = (oldest.id, oldest."timestamp")
      returning e.id, e."timestamp", e.namespace, e.name, e.session_id, e.person_id
    ),
    remembered as (
      insert into ingest.deleted_events as d (id, "timestamp", delete_time)
      select id, "timestamp", ${isoOf(nowMicros())}::timestamptz from gone
      on conflict (id, "timestamp") do update set delete_time = excluded.delete_time
    )
    select id, "timestamp", namespace, name, session_id as "sessionId", person_id as "personId" from gone
  `.execute(tx.getKysely());
  const changes = rows.map((row) => deleted({ ...row, timestamp: microsOfSql(row.timestamp) }));
  return { changes, result: rows.length };
}
