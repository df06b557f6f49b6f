import { Migration } from "@mikro-orm/migrations";

/** The persons whose events were purged, so that those that are still on their way from the queue are not stored. */
export class Migration0006PurgePersons extends Migration {
  override async up(): Promise<void> {
    this.addSql(`
      create table ingest.purged_persons (
        namespace text not null,
        person_id text not null,
        purge_time timestamptz not null,
        primary key (namespace, person_id)
      )`);
    this.addSql(`create index purged_persons_time on ingest.purged_persons (purge_time)`);
    this.addSql(`grant select, insert, update, delete on ingest.purged_persons to ocellus_ingest`);
  }
}
