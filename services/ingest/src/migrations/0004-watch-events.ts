import { Migration } from "@mikro-orm/migrations";

/**
 * Which transaction stored an event. Partitions that are made later take over the default, and get the index when they are
 * attached. The events that are there already keep null: they were stored before anybody could watch.
 */
export class Migration0004WatchEvents extends Migration {
  override async up(): Promise<void> {
    this.addSql(`alter table ingest.events add column stored_xid xid8`);
    this.addSql(`alter table ingest.events alter column stored_xid set default pg_current_xact_id()`);
    // When that was: what was stored before has no answer.
    this.addSql(`alter table ingest.events add column store_time timestamptz`);
    this.addSql(`alter table ingest.events alter column store_time set default now()`);
    this.addSql(`create index event_errors_event on ingest.event_errors (event_id) where event_id is not null`);
    this.addSql(`create index events_stored on ingest.events (stored_xid) where stored_xid is not null`);
  }
}
