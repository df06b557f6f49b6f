import type { EntityManager } from "@mikro-orm/postgresql";
import { isoOf, nowMicros } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { countErrorsDeleted } from "../metrics.ts";

const AT_ONCE = 1000;

/** Deletes the oldest errors while all of them together have more than `maxBytes`. */
export async function deleteExcessErrors(em: EntityManager, maxBytes: number): Promise<void> {
  for (;;) {
    const { rows } = await sql`select from ingest.event_error_totals where bytes > ${maxBytes}`.execute(
      em.fork().getKysely(),
    );
    if (rows.length === 0) return;
    // Rows that somebody is about to change are left for the next time: waiting for them could be a deadlock.
    const { numAffectedRows = 0n } = await sql`
      delete from ingest.event_errors where id in (
        select id from (
          select id, sum(ingest.event_error_bytes(payload, event, status)) over (order by create_time, id)
            - ingest.event_error_bytes(payload, event, status) as bytes_before
          from (
            select id, create_time, payload, event, status from ingest.event_errors
            order by create_time, id limit ${AT_ONCE} for update skip locked) as locked) as oldest
        where bytes_before < (select bytes - ${maxBytes} from ingest.event_error_totals))
    `.execute(em.fork().getKysely());
    countErrorsDeleted("bound", Number(numAffectedRows));
    if (numAffectedRows < BigInt(AT_ONCE)) return;
  }
}

/** Deletes the errors that were refused longer ago than `keepMs`. */
export async function deleteOldErrors(em: EntityManager, keepMs: number): Promise<void> {
  const before = isoOf(nowMicros() - BigInt(keepMs) * 1000n);
  for (;;) {
    const { numAffectedRows = 0n } = await sql`
      delete from ingest.event_errors where id in (
        select id from ingest.event_errors where create_time < ${before}::timestamptz
        order by create_time, id limit ${AT_ONCE} for update skip locked)
    `.execute(em.fork().getKysely());
    countErrorsDeleted("age", Number(numAffectedRows));
    if (numAffectedRows < BigInt(AT_ONCE)) return;
  }
}
