import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { InboxMessage } from "./entities/inbox-message.ts";

/** Far longer than a message waits in a stream or an outbox before somebody sees to it. */
const KEEP_MS = 30 * 86_400_000;

/**
 * Notes the messages as seen, within the transaction that counts them, and answers those that were not seen before. A message
 * that another transaction is counting is waited for.
 */
export async function takeUnseen<M extends { id: string }>(tx: EntityManager, messages: M[]): Promise<M[]> {
  const ids = messages.map(({ id }) => id).sort();
  const { rows } = await sql<{ message_id: string }>`
    insert into sessions.inbox (message_id) select unnest(${ids}::uuid[])
    on conflict do nothing returning message_id
  `.execute(tx.getKysely());
  const unseen = new Set(rows.map(({ message_id }) => message_id));
  return messages.filter(({ id }) => unseen.delete(id));
}

/** Forgets messages that are too old to come again. */
export function forgetSeen(em: EntityManager): Promise<unknown> {
  return em.fork().nativeDelete(InboxMessage, { receiveTime: { $lt: new Date(Date.now() - KEEP_MS) } });
}
