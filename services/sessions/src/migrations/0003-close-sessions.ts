import { Migration } from "@mikro-orm/migrations";

/** Sessions that were closed, and sessions that were created before their first event. */
export class Migration0003CloseSessions extends Migration {
  override async up(): Promise<void> {
    this.addSql(`
      alter table sessions.sessions
        add column closed_before timestamptz,
        add column create_time timestamptz,
        add column created_person_id text,
        alter column entry_event_id drop not null,
        alter column exit_event_id drop not null`);
  }
}
