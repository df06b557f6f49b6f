import { Migration } from "@mikro-orm/migrations";

/** The sessions that CreateSession created for a person, for that person's deletion. */
export class Migration0006FindCreatedSessions extends Migration {
  // As in 0004.
  override isTransactional(): boolean {
    return false;
  }

  override async up(): Promise<void> {
    this.addSql(`drop index if exists sessions.sessions_created_person`);
    this.addSql(`
      create index concurrently sessions_created_person on sessions.sessions (created_person_id)
      where created_person_id is not null`);
  }
}
