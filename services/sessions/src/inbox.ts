import { setTimeout as sleep } from "node:timers/promises";
import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import type { Logger } from "pino";
import { InboxMessage } from "./entities/inbox-message.ts";

/** Far longer than a message waits in a stream or an outbox before somebody sees to it. */
const KEEP_MS = 30 * 86_400_000;
const PRUNE_EVERY_MS = 3_600_000;

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

/** Forgets, until the signal aborts, messages that are too old to come again. */
export async function pruneInbox(em: EntityManager, signal: AbortSignal, log: Logger): Promise<void> {
  while (!signal.aborted) {
    try {
      await em.fork().nativeDelete(InboxMessage, { receiveTime: { $lt: new Date(Date.now() - KEEP_MS) } });
    } catch (error) {
      log.warn({ err: error }, "old messages of the inbox could not be forgotten; it is tried again");
    }
    await sleep(PRUNE_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
