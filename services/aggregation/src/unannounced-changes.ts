import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";

/** The messages about committed changes of events that NATS may not have yet. */
export interface UnannouncedChanges {
  count: number;
  /** When the newest of them was written, as PostgreSQL writes it; null where there is none. */
  newest: string | null;
  /** How long ago the oldest of them was written, in milliseconds; null where there is none. */
  lagMs: number | null;
}

/** What is committed and may not be announced yet: all of it, or what was not written later than the newest of an earlier look. */
export async function unannouncedChanges(em: EntityManager, upTo?: string): Promise<UnannouncedChanges> {
  const where = upTo === undefined ? sql`` : sql`where create_time <= ${upTo}::timestamptz`;
  const { rows } = await sql<UnannouncedChanges>`
    select count(*)::int, max(create_time)::text as newest,
      round(extract(epoch from clock_timestamp() - min(create_time)) * 1000)::float8 as "lagMs"
    from ingest.unannounced_changes ${where}
  `.execute(em.fork().getKysely());
  return rows[0]!;
}
