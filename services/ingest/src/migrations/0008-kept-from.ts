import { Migration } from "@mikro-orm/migrations";

/**
 * Since when events are kept. It is published, as the table of events is: it moves, in a transaction that commits, before any of the
 * events before it goes.
 */
export class Migration0008KeptFrom extends Migration {
  override async up(): Promise<void> {
    this.addSql(`
      create table ingest.kept_from (
        is_only boolean primary key default true check (is_only),
        at timestamptz not null default '-infinity'
      )`);
    this.addSql(`insert into ingest.kept_from default values`);
    this.addSql(`grant select on ingest.kept_from to ocellus_ingest, ocellus_events_reader`);
  }
}
