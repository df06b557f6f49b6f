import { Migration } from "@mikro-orm/migrations";

/** The persons. */
export class Migration0005CreatePersons extends Migration {
  override async up(): Promise<void> {
    this.addSql(`
      create table sessions.persons (
        id uuid primary key,
        namespace text not null,
        email text not null,
        first_name text,
        last_name text,
        role text not null,
        create_time timestamptz not null,
        update_time timestamptz,
        signup_event_id uuid not null,
        signup_sent boolean not null,
        delete_time timestamptz
      )`);
    // Lists by each filter, newest first.
    this.addSql(`create index persons_time on sessions.persons (create_time, id)`);
    this.addSql(`create index persons_namespace on sessions.persons (namespace, create_time, id)`);
    this.addSql(`create index persons_email on sessions.persons (lower(email), create_time, id)`);
    this.addSql(`create index persons_role on sessions.persons (role, create_time, id)`);
    // What the sweep looks for: next to none at any time.
    this.addSql(`create index persons_unsent on sessions.persons (create_time) where not signup_sent`);
    this.addSql(`create index persons_deleted on sessions.persons (delete_time) where delete_time is not null`);
    this.addSql(`grant select, insert, update, delete on sessions.persons to ocellus_sessions`);
  }
}
