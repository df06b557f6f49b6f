import { Migration } from "@mikro-orm/migrations";

/**
 * The names of all series that ever had a dirty bucket, which is all that ever had an event. A trigger keeps them, so that no
 * replica of a version that does not know the table leaves one out. It costs nothing where a bucket is dirty already.
 */
export class Migration0005ListSeries extends Migration {
  override async up(): Promise<void> {
    this.addSql(`
      create table aggregation.series (namespace text not null, name text not null, primary key (namespace, name))`);
    this.addSql(`
      create function aggregation.note_series() returns trigger language plpgsql as $$
      begin
        insert into aggregation.series select distinct namespace, name from marked order by namespace, name
        on conflict do nothing;
        return null;
      end $$`);
    this.addSql(`
      create trigger note_series after insert on aggregation.dirty_buckets referencing new table as marked
      for each statement execute function aggregation.note_series()`);
    for (const table of ["aggregation.quarters", "aggregation.dirty_buckets"]) this.addSql(noteAllOf(table));
    // The last event of a series is told even where its events are no longer kept.
    for (const table of ["quarters", "hours", "days"]) {
      this.addSql(`alter table aggregation.${table} add column last_timestamp timestamptz`);
    }
    this.addSql(`grant select, insert, update, delete on aggregation.series to ocellus_aggregation`);
  }
}

/** From one series to the next by the index, so that it costs by the series, and not by their buckets. */
function noteAllOf(table: string): string {
  const columns = "namespace, name";
  return `
    with recursive series as (
      (select ${columns} from ${table} order by ${columns} limit 1)
      union all
      select next.* from series cross join lateral (
        select ${columns} from ${table} t where (t.namespace, t.name) > (series.namespace, series.name)
        order by ${columns} limit 1
      ) next
    )
    insert into aggregation.series select * from series on conflict do nothing`;
}
