import { Migration } from "@mikro-orm/migrations";

/**
 * Refused events as a resource: with the refusal, its source, and what became of a replay. `message` and `event_id` are left to rows
 * of the version before.
 */
export class Migration0003ReshapeEventErrors extends Migration {
  override async up(): Promise<void> {
    // The defaults tell of what the version before keeps: events that PostgreSQL refused.
    this.addSql(`
      alter table ingest.event_errors
        alter column message drop not null,
        add column stage smallint not null default 2,
        add column status bytea,
        add column reason text not null default 'EVENT_NOT_STORABLE',
        add column fields text[] not null default '{}',
        add column payload_size bigint,
        add column event bytea,
        add column namespace text,
        add column name text,
        add column transport smallint not null default 0,
        add column peer text not null default '',
        add column address text not null default '',
        add column replay_time timestamptz,
        add column replayed_event_id uuid,
        add column replayed_timestamp timestamptz`);
    this.addSql(`create index event_errors_time on ingest.event_errors (create_time, id)`);
    this.addSql(`create index event_errors_namespace on ingest.event_errors (namespace, create_time, id)`);
    this.addSql(`create index event_errors_reason on ingest.event_errors (reason, create_time, id)`);
    this.addSql(`
      create function ingest.event_error_bytes(payload bytea, event bytea, status bytea) returns bigint
      language sql immutable as $$
        select octet_length(payload)::bigint + coalesce(octet_length(event), 0) + coalesce(octet_length(status), 0)
      $$`);
    // How much there is, kept by triggers: a sum over the table for each insert would cost more than the insert.
    this.addSql(`
      create table ingest.event_error_totals (
        is_only boolean primary key default true check (is_only),
        bytes bigint not null,
        stream_created text not null default '',
        handled bigint not null default 0
      )`);
    this.addSql(`
      insert into ingest.event_error_totals (bytes)
      select coalesce(sum(ingest.event_error_bytes(payload, event, status)), 0) from ingest.event_errors`);
    this.addSql(`
      create function ingest.count_event_errors() returns trigger language plpgsql set search_path = pg_catalog as $$
      begin
        update ingest.event_error_totals set bytes = bytes + case tg_op when 'INSERT' then 1 else -1 end
          * (select coalesce(sum(ingest.event_error_bytes(payload, event, status)), 0) from changed);
        return null;
      end $$`);
    this.addSql(`
      create trigger event_errors_inserted after insert on ingest.event_errors
      referencing new table as changed for each statement execute function ingest.count_event_errors()`);
    this.addSql(`
      create trigger event_errors_deleted after delete on ingest.event_errors
      referencing old table as changed for each statement execute function ingest.count_event_errors()`);
    this.addSql(`grant select, update on ingest.event_error_totals to ocellus_ingest`);
  }
}
