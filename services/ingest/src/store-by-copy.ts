import { isUniqueViolation } from "@ocellus/runtime/database-errors.ts";
import { microsOfSql } from "@ocellus/runtime/time.ts";
import { microsOf } from "@ocellus/wire/timestamp.ts";
import type { ClientBase, Pool } from "pg";
import { copyEvents } from "./copy-events.ts";
import type { Announcement } from "./entities/outbox-message.ts";
import { microsOfKeptFrom } from "./retention/kept-from.ts";
import { storedChanges } from "./stored-changes.ts";
import type { QueuedEvent } from "./wire/read-accepted.ts";

/**
 * Stores events in one transaction with the messages that announce them, which it answers. That is the fast way, for events
 * that are all new: undefined is answered, and nothing stored, where one of them is stored already, comes twice, or may have
 * been deleted since it was received, or is older than events are kept. They need the way that looks at each.
 */
export async function storeByCopy(pool: Pool, events: QueuedEvent[]): Promise<Announcement[] | undefined> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    const start = await begin(client);
    if (events.some((event) => isUnsure(event, start))) {
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

/** Whether the event may have been deleted, or is not kept any longer. */
function isUnsure({ event, receiveTime }: QueuedEvent, { lastDelete, keptFrom }: Start): boolean {
  if (event.time.seconds < keptFrom) return true;
  return lastDelete !== undefined && microsOf(receiveTime) <= lastDelete;
}

/** Each payload is a parameter of its own, which goes as it is: in an array it would go, and be read, as hexadecimal text. */
async function insertMessages(client: ClientBase, messages: Announcement[]): Promise<void> {
  const rows = messages.map((_, index) => `($${2 * index + 1}, $${2 * index + 2})`);
  const values = messages.flatMap(({ id, payload }) => [id, payload]);
  await client.query(`insert into ingest.outbox (id, payload) values ${rows.join(", ")}`, values);
}

/** What a transaction that stores goes by. */
interface Start {
  transactionId: bigint;
  lastDelete: bigint | undefined;
  /** Since when events are kept, in seconds since 1970: months begin with a second. */
  keptFrom: number;
}

/**
 * Begins a transaction that no deletion overlaps: the tables of what is deleted and who is purged change either before they are
 * looked at here, or after the events are stored. The table of events comes first, so that who waits for it holds up no deletion;
 * the table alone, since partitions are made under a lock of the default one. Nor does it change meanwhile since when events are kept.
 */
async function begin(client: ClientBase): Promise<Start> {
  const results = await client.query<{ transaction_id: string; last_delete: string | null; kept_from: string }>(`
    begin;
    lock table only ingest.events in row exclusive mode;
    lock table ingest.deleted_events in share mode;
    lock table ingest.purged_persons, ingest.kept_from in access share mode;
    select pg_current_xact_id()::text as transaction_id, greatest(
      (select max(delete_time) from ingest.deleted_events), (select max(purge_time) from ingest.purged_persons)
    )::text as last_delete, (select at::text from ingest.kept_from) as kept_from`);
  const { rows } = (results as unknown as (typeof results)[]).at(-1)!;
  const { transaction_id, last_delete, kept_from } = rows[0]!;
  return {
    transactionId: BigInt(transaction_id),
    lastDelete: last_delete === null ? undefined : microsOfSql(last_delete),
    keptFrom: Number(microsOfKeptFrom(kept_from)) / 1_000_000,
  };
}
