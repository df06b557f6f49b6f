import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";

/** How many audit records are kept, and for how long. */
export interface AuditBounds {
  keepMs: number;
  maxRecords: number;
}

/** Deletes audit records that are too old, and beyond the number that is kept the oldest. */
export async function boundRecords(em: EntityManager, { keepMs, maxRecords }: AuditBounds): Promise<void> {
  const kysely = em.fork().getKysely();
  const keep = `${keepMs} milliseconds`;
  await sql`delete from access.audit_records where create_time < now() - ${keep}::interval`.execute(kysely);
  await sql`
    delete from access.audit_records where (create_time, id) <= (
      select create_time, id from access.audit_records order by create_time desc, id desc offset ${maxRecords} limit 1
    )
  `.execute(kysely);
}
