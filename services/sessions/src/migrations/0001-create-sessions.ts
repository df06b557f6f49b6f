import { Migration } from "@mikro-orm/migrations";
import { createRole } from "@ocellus/runtime/create-role.ts";

/** The sessions, their aliases, and the inbox. */
export class Migration0001CreateSessions extends Migration {
  override async up(): Promise<void> {
    this.addSql(createRole("ocellus_sessions"));
    this.addSql(`
      create table sessions.sessions (
        id text not null,
        namespace text not null,
        by_person boolean not null,
        person_id text,
        person_time timestamptz,
        person_event_id uuid,
        start_time timestamptz not null,
        end_time timestamptz not null,
        event_count bigint not null,
        entry_event_id uuid not null,
        exit_event_id uuid not null,
        primary key (id, namespace)
      )`);
    // Lists without a filter, and by namespace: newest first.
    this.addSql(`create index sessions_time on sessions.sessions (start_time, id, namespace)`);
    this.addSql(`create index sessions_namespace on sessions.sessions (namespace, start_time, id)`);
    this.addSql(
      `create index sessions_person on sessions.sessions (person_id, start_time) where person_id is not null`,
    );
    // The sessions near an event of a person. Most events are new, and few sessions end after a new event.
    this.addSql(`create index sessions_fold on sessions.sessions (namespace, person_id, end_time) where by_person`);
    this.addSql(`
      create table sessions.session_aliases (
        id text not null,
        namespace text not null,
        session_id text not null,
        primary key (id, namespace)
      )`);
    this.addSql(`create index session_aliases_session on sessions.session_aliases (session_id, namespace)`);
    this.addSql(`
      create table sessions.inbox (
        message_id uuid primary key,
        receive_time timestamptz not null default now()
      )`);
    this.addSql(`create index inbox_time on sessions.inbox (receive_time)`);
    this.addSql(`grant usage on schema sessions to ocellus_sessions`);
    this.addSql(`grant select, insert, update, delete on all tables in schema sessions to ocellus_sessions`);
  }
}
