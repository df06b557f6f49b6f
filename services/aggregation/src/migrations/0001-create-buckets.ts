import { Migration } from "@mikro-orm/migrations";
import { createRole, grantRole } from "@ocellus/runtime/create-role.ts";

/** The materialised buckets, those that are dirty, and the frontier before which buckets are materialised. */
export class Migration0001CreateBuckets extends Migration {
  override async up(): Promise<void> {
    this.addSql(createRole("ocellus_aggregation"));
    this.addSql(createRole("ocellus_events_reader"));
    // Sums are decimal, so that they depend on no order and parts add up to the whole.
    this.addSql(`
      create table aggregation.buckets (
        namespace text not null,
        name text not null,
        bucket_start timestamptz not null,
        first_timestamp timestamptz not null,
        count bigint not null,
        value_count bigint not null,
        sum numeric,
        min double precision,
        max double precision,
        primary key (namespace, name, bucket_start)
      )`);
    this.addSql(`
      create table aggregation.dirty_buckets (
        namespace text not null,
        name text not null,
        bucket_start timestamptz not null,
        primary key (namespace, name, bucket_start)
      )`);
    this.addSql(`create index dirty_buckets_time on aggregation.dirty_buckets (bucket_start)`);
    this.addSql(`create table aggregation.frontier (at timestamptz not null)`);
    this.addSql(`create unique index frontier_one_row on aggregation.frontier ((true))`);
    this.addSql(`insert into aggregation.frontier values ('-infinity')`);
    this.addSql(`grant usage on schema aggregation to ocellus_aggregation`);
    this.addSql(`grant select, insert, update, delete on all tables in schema aggregation to ocellus_aggregation`);
    // The table of events is a published interface, for reading alone.
    this.addSql(grantRole("ocellus_events_reader", "ocellus_aggregation"));
  }
}
