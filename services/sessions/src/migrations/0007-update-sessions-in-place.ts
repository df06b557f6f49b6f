import { Migration } from "@mikro-orm/migrations";

/**
 * Lets PostgreSQL update a session in place (HOT), in a page with room left, without an entry in each index: no b-tree may hold
 * the end, which each event moves. A BRIN index may.
 */
export class Migration0007UpdateSessionsInPlace extends Migration {
  // As in 0004.
  override isTransactional(): boolean {
    return false;
  }

  override async up(): Promise<void> {
    this.addSql(`alter table sessions.sessions set (fillfactor = 80)`);
    this.addSql(`drop index if exists sessions.sessions_near`);
    this.addSql(`
      create index concurrently sessions_near on sessions.sessions (namespace, person_id, start_time) where by_person`);
    this.addSql(`drop index concurrently if exists sessions.sessions_fold`);
    this.addSql(`drop index if exists sessions.sessions_end_range`);
    this.addSql(`
      create index concurrently sessions_end_range on sessions.sessions using brin (end_time)
      with (pages_per_range = 16, autosummarize = on)`);
    this.addSql(`drop index concurrently if exists sessions.sessions_end`);
  }
}
