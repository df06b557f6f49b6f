import { Migration } from "@mikro-orm/migrations";

/** When changes that are committed were, of which nobody but ingest may know yet: published, so that others can wait for them. */
export class Migration0010PublishUnannounced extends Migration {
  override async up(): Promise<void> {
    this.addSql(`create view ingest.unannounced_changes as select create_time from ingest.outbox`);
    this.addSql(`grant select on ingest.unannounced_changes to ocellus_events_reader`);
  }
}
