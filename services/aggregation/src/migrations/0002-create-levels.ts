import { Migration } from "@mikro-orm/migrations";

/** Hours and days beside the quarters of an hour, and histograms of the values in each. */
export class Migration0002CreateLevels extends Migration {
  override async up(): Promise<void> {
    this.addSql(`alter table aggregation.buckets rename to quarters`);
    this.addSql(`alter table aggregation.quarters rename constraint buckets_pkey to quarters_pkey`);
    // Null in rows that an earlier version made. `bins_upto` counts the values in a bin and in those before it.
    this.addSql(`alter table aggregation.quarters add column bins integer[], add column bins_upto bigint[]`);
    // The rest of a row is read by an index-only scan: the rows of a series lie together there, and without histograms.
    for (const level of ["hours", "days"]) {
      this.addSql(`
        create table aggregation.${level} (
          like aggregation.quarters,
          primary key (namespace, name, bucket_start) include (first_timestamp, count, value_count, sum, min, max)
        )`);
      // An index-only scan looks at the table all the same where it was not vacuumed since.
      this.addSql(`
        alter table aggregation.${level} set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05)`);
    }
    this.addSql(`grant select, insert, update, delete on aggregation.hours, aggregation.days to ocellus_aggregation`);
    // The previous version reads these while it runs; it cannot change them, since it would leave hours and days as they are.
    this.addSql(`
      create view aggregation.buckets as
      select namespace, name, bucket_start, first_timestamp, count, value_count, sum, min, max from aggregation.quarters`);
    this.addSql(`grant select on aggregation.buckets to ocellus_aggregation`);
    // Whoever makes a day anew has its quarters together.
    this.addSql(`
      create index dirty_buckets_day on aggregation.dirty_buckets
        (date_bin(interval '1 day', bucket_start, timestamptz '1970-01-01 00:00Z'), namespace, name, bucket_start)`);
  }
}
