import { isUniqueViolation } from "@ocellus/runtime/database-errors.ts";
import { microsOfSql } from "@ocellus/runtime/time.ts";
import { microsOf } from "@ocellus/wire/timestamp.ts";
import type { ClientBase, Pool } from "pg";
import { copyEvents } from "./copy-events.ts";
import type { Announcement } from "./entities/outbox-message.ts";
import { storedChanges } from "./stored-changes.ts";
import type { QueuedEvent } from "./wire/read-accepted.ts";

/**
 * Stores events in one transaction with the messages that announce them, which it answers. That is the fast way, for events
 * that are all new: undefined is answered, and nothing stored, where one of them is stored already, comes twice, or may have
 * been deleted since it was received. They need the way that looks at each.
 */
export async function storeByCopy(pool: Pool, events: QueuedEvent[]): Promise<Announcement[] | undefined> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    const start = await begin(client);
    if (
      start.lastDelete !== undefined &&
      events.some(({ receiveTime }) => microsOf(receiveTime) <= start.lastDelete!)
    ) {
      await client.query("rollback");
      return undefined;
    }
    const messages = storedChanges(start.transactionId, events);
    await copyEvents(client, events);
    await insertMessages(client, messages);
    await client.query("commit");
    return messages;
  } catch (error) {
    failure = error as Error;
    if (!isUniqueViolation(error)) throw error;
    await client.query("rollback");
    failure = undefined;
    return undefined;
  } finally {
    // A connection on which something else failed is closed, which ends its transaction.
    client.release(failure);
  }
}

/** Each payload is a parameter of its own, which goes as it is: in an array it would go, and be read, as hexadecimal text. */
async function insertMessages(client: ClientBase, messages: Announcement[]): Promise<void> {
  const rows = messages.map((_, index) => `($${2 * index + 1}, $${2 * index + 2})`);
  const values = messages.flatMap(({ id, payload }) => [id, payload]);
  await client.query(`insert into ingest.outbox (id, payload) values ${rows.join(", ")}`, values);
}

/**
 * Begins a transaction that no deletion overlaps: the tables of what is deleted and who is purged change either before they are
 * looked at here, or after the events are stored. The table of events comes first, so that who waits for it holds up no deletion.
 */
async function begin(client: ClientBase) {
  const results = await client.query<{ transaction_id: string; last_delete: string | null }>(`
    begin;
    lock table ingest.events in row exclusive mode;
    lock table ingest.deleted_events in share mode;
    lock table ingest.purged_persons in access share mode;
    select pg_current_xact_id()::text as transaction_id, greatest(
      (select max(delete_time) from ingest.deleted_events), (select max(purge_time) from ingest.purged_persons)
    )::text as last_delete`);
  const { rows } = (results as unknown as (typeof results)[]).at(-1)!;
  const { transaction_id, last_delete } = rows[0]!;
  return {
    transactionId: BigInt(transaction_id),
    lastDelete: last_delete === null ? undefined : microsOfSql(last_delete),
  };
}
