import { Migration } from "@mikro-orm/migrations";

/** Lists of few sessions among many by their end, such as the open ones. */
export class Migration0004FindSessionsByEnd extends Migration {
  // An index is built beside the writers outside a transaction alone. One that a crash left half built is made anew.
  override isTransactional(): boolean {
    return false;
  }

  override async up(): Promise<void> {
    this.addSql(`drop index if exists sessions.sessions_end`);
    this.addSql(`create index concurrently sessions_end on sessions.sessions (end_time)`);
  }
}
