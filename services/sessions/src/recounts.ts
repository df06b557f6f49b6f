import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import type { Subject } from "./subject.ts";

/** As long as a change may be on its way; see `inbox.ts`. */
const KEEP = "30 days";

/** Remembers which transactions a recount of a subject has seen. */
export async function rememberRecount(tx: EntityManager, subject: Subject, snapshot: string): Promise<void> {
  await sql`
    insert into sessions.recounts (by_person, namespace, subject, snapshot)
    values (${subject.byPerson}, ${subject.namespace}, ${subject.id}, ${snapshot}::pg_snapshot)
    on conflict (by_person, namespace, subject) do update set snapshot = excluded.snapshot, recount_time = now()
  `.execute(tx.getKysely());
}

/** A change as far as a recount of its subject may have seen it. */
export interface SubjectChange {
  subject: Subject;
  /** The transaction that made the change. */
  transactionId: bigint;
}

/**
 * The changes that no recount of their subject has seen: one whose transaction was committed when the recount read the events
 * is in its count, or was changed away again.
 */
export async function notRecounted<T extends SubjectChange>(tx: EntityManager, changes: T[]): Promise<T[]> {
  if (changes.length === 0) return changes;
  const column = <V>(value: (change: SubjectChange) => V) => changes.map(value);
  const { rows } = await sql<{ index: string }>`
    select index - 1 as index
    from unnest(
      ${column(({ subject }) => subject.byPerson)}::boolean[],
      ${column(({ subject }) => subject.namespace)}::text[],
      ${column(({ subject }) => subject.id)}::text[],
      ${column(({ transactionId }) => String(transactionId))}::xid8[]
    ) with ordinality as e (by_person, namespace, subject, transaction_id, index)
    join sessions.recounts r using (by_person, namespace, subject)
    where pg_visible_in_snapshot(e.transaction_id, r.snapshot)
  `.execute(tx.getKysely());
  const seen = new Set(rows.map(({ index }) => Number(index)));
  return seen.size === 0 ? changes : changes.filter((_, index) => !seen.has(index));
}

/** Forgets recounts that are older than any change on its way. */
export function forgetRecounts(em: EntityManager): Promise<unknown> {
  return sql`delete from sessions.recounts where recount_time < now() - ${KEEP}::interval`.execute(
    em.fork().getKysely(),
  );
}
