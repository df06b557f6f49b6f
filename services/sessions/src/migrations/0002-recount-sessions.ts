import { Migration } from "@mikro-orm/migrations";
import { createRole, grantRole } from "@ocellus/runtime/create-role.ts";

/** What recounts have seen, and the right to read the events for them. */
export class Migration0002RecountSessions extends Migration {
  override async up(): Promise<void> {
    this.addSql(`
      create table sessions.recounts (
        by_person boolean not null,
        namespace text not null,
        subject text not null,
        snapshot pg_snapshot not null,
        recount_time timestamptz not null default now(),
        primary key (by_person, namespace, subject)
      )`);
    this.addSql(`create index recounts_time on sessions.recounts (recount_time)`);
    this.addSql(`grant select, insert, update, delete on sessions.recounts to ocellus_sessions`);
    // The table of events is a published interface, for reading alone.
    this.addSql(createRole("ocellus_events_reader"));
    this.addSql(grantRole("ocellus_events_reader", "ocellus_sessions"));
  }
}
