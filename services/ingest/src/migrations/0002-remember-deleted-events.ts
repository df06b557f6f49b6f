import { Migration } from "@mikro-orm/migrations";

/** What was deleted, so that an event that is still on its way from the queue is not stored again. */
export class Migration0002RememberDeletedEvents extends Migration {
  override async up(): Promise<void> {
    this.addSql(`
      create table ingest.deleted_events (
        id uuid not null,
        "timestamp" timestamptz not null,
        delete_time timestamptz not null,
        primary key (id, "timestamp")
      )`);
    this.addSql(`create index deleted_events_time on ingest.deleted_events (delete_time)`);
    this.addSql(`grant select, insert, update, delete on ingest.deleted_events to ocellus_ingest`);
  }
}
