import { Migration } from "@mikro-orm/migrations";
import { createRole } from "@ocellus/runtime/create-role.ts";

/** The table of events, the errors of storing, and the outbox. */
export class Migration0001CreateEvents extends Migration {
  override async up(): Promise<void> {
    this.addSql(createRole("ocellus_ingest"));
    this.addSql(createRole("ocellus_events_reader"));
    this.addSql(`
      create table ingest.events (
        id uuid not null,
        "timestamp" timestamptz not null,
        namespace text not null,
        name text not null,
        category text,
        session_id text,
        person_id text,
        value double precision,
        data json,
        receive_time timestamptz not null,
        update_time timestamptz,
        primary key (id, "timestamp")
      ) partition by range ("timestamp")`);
    // Lists without a filter, or by category: newest first.
    this.addSql(`create index events_time on ingest.events ("timestamp", id)`);
    // Aggregates of a series, by an index-only scan; lists by namespace and name.
    this.addSql(`create index events_series on ingest.events (namespace, name, "timestamp") include (value)`);
    this.addSql(`create index events_session on ingest.events (session_id, "timestamp") where session_id is not null`);
    this.addSql(`create index events_person on ingest.events (person_id, "timestamp") where person_id is not null`);
    // Any past is accepted, so what is old shares one partition: a client with random times must not make thousands.
    this.addSql(`
      create table ingest.events_before_2020 partition of ingest.events for values from (minvalue) to ('2020-01-01 00:00Z')`);
    this.addSql(`
      create function ingest.ensure_partition(month date) returns void
      language plpgsql security definer set search_path = pg_catalog set timezone = 'UTC' as $$
      declare
        first date := date_trunc('month', month)::date;
        partition text := to_char(first, '"events_"YYYY"_"MM');
      begin
        if first < date '2020-01-01' or to_regclass('ingest.' || partition) is not null then return; end if;
        perform pg_advisory_xact_lock(hashtext('ingest.ensure_partition'));
        if to_regclass('ingest.' || partition) is not null then return; end if;
        -- Made beside the table and then attached, which holds up neither readers nor writers.
        execute format('create table ingest.%I (like ingest.events including defaults including constraints)', partition);
        execute format('alter table ingest.events attach partition ingest.%I for values from (%L) to (%L)',
          partition, first::timestamptz, (first + interval '1 month')::timestamptz);
      end $$`);
    this.addSql(`
      create table ingest.outbox (
        id uuid primary key,
        payload bytea not null,
        create_time timestamptz not null default now()
      )`);
    this.addSql(`
      create table ingest.event_errors (
        id uuid primary key,
        event_id uuid,
        payload bytea not null,
        message text not null,
        create_time timestamptz not null default now()
      )`);
    this.addSql(`grant usage on schema ingest to ocellus_ingest, ocellus_events_reader`);
    this.addSql(`
      grant select, insert, update, delete on ingest.events, ingest.outbox, ingest.event_errors to ocellus_ingest`);
    this.addSql(`grant select on ingest.mikro_orm_migrations to ocellus_ingest`);
    this.addSql(`revoke execute on function ingest.ensure_partition from public`);
    this.addSql(`grant execute on function ingest.ensure_partition to ocellus_ingest`);
    this.addSql(`grant select on ingest.events to ocellus_events_reader`);
  }
}
