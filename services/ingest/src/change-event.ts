import { LockMode } from "@mikro-orm/core";
import type { EntityManager } from "@mikro-orm/postgresql";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { EventChange } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { isSerializationFailure } from "@ocellus/runtime/database-errors.ts";
import { isUuid } from "@ocellus/runtime/is-uuid.ts";
import { withinNamespaces } from "@ocellus/runtime/namespace-condition.ts";
import type { NamespaceLimit } from "@ocellus/runtime/namespace-limit.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import { sql } from "kysely";
import type { Logger } from "pino";
import { changesOf } from "./changes-of.ts";
import { OutboxMessage } from "./entities/outbox-message.ts";
import { StoredEvent } from "./entities/stored-event.ts";
import type { Outbox } from "./outbox.ts";
import { isStaleRouting } from "./partitions/stale-routing.ts";

/** What changing events works with. */
export interface ChangeOptions {
  em: EntityManager;
  outbox: Outbox;
  log: Logger;
}

/**
 * The events under one id, newest first, locked until the transaction ends, as far as they are open to the caller. Throws NOT_FOUND where
 * there is none.
 */
export async function lockEvents(
  tx: EntityManager,
  id: string,
  limit: NamespaceLimit | undefined,
): Promise<StoredEvent[]> {
  const events = await tx.find(
    StoredEvent,
    { $and: [{ id: id.toLowerCase() }, ...withinNamespaces(limit)] },
    { orderBy: { timestamp: "desc" }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  if (events.length === 0) throw eventNotFound(id);
  return events;
}

/** Throws INVALID_ARGUMENT for an id that no event can have. */
export function requireEventId(id: string, field: string): void {
  if (!isUuid(id)) throw invalidArgument([{ field, description: "must be the UUID of an event" }]);
}

/** NOT_FOUND for an event. */
export function eventNotFound(id: string): ServiceError {
  return new ServiceError(`No event ${id} is stored. One that was just accepted is there within a second`, {
    code: Code.NOT_FOUND,
    reason: ErrorReason.EVENT_NOT_FOUND,
  });
}

/**
 * Changes events in one transaction with the messages that announce the changes, and publishes these after it. `change` answers
 * what it did, and what its caller is to be told.
 */
export async function changeEvents<T>(
  { em, outbox, log }: ChangeOptions,
  change: (tx: EntityManager) => Promise<{ changes: EventChange[]; result: T }>,
): Promise<T> {
  const { messages, result } = await retried(() =>
    em.fork().transactional(async (tx) => {
      // Before any event is locked, as storing does it: see store-by-copy.ts.
      await sql`lock table ingest.deleted_events in row exclusive mode`.execute(tx.getKysely());
      const { changes, result } = await change(tx);
      const { rows } = await sql<{ id: string }>`select pg_current_xact_id()::text as id`.execute(tx.getKysely());
      const messages = changesOf(BigInt(rows[0]!.id), changes);
      if (messages.length > 0) await tx.insertMany(OutboxMessage, messages);
      return { messages, result };
    }),
  );
  // Not awaited: the change is committed, and the sweep announces what cannot be announced now.
  outbox.publish(em, messages).catch((error) => log.warn({ err: error }, "a change is not yet announced"));
  return result;
}

/** More often than transactions of one pool can lose to each other. */
const MAX_TRIES = 20;

/**
 * Makes a transaction again that lost to another: one that waited for a row which was moved to another partition does, and one
 * that began before a partition was made.
 */
async function retried<T>(transaction: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await transaction();
    } catch (error) {
      if (!(isSerializationFailure(error) || isStaleRouting(error)) || tries === MAX_TRIES) throw error;
    }
  }
}
