import { Migration } from "@mikro-orm/migrations";

/** Lists by one field alone: each index is in the order of the list, so that a page is one stretch of it. */
const INDEXES = [
  { name: "events_namespace", on: `(namespace, "timestamp", id)` },
  { name: "events_name", on: `(name, "timestamp", id)` },
  { name: "events_category", on: `(category, "timestamp", id) where category is not null` },
];

/**
 * Makes the indexes without holding up writers: empty on the table, so that partitions made meanwhile get theirs, then
 * concurrently on each partition, and attached. It may be run again where it was cut off.
 */
export class Migration0005IndexLists extends Migration {
  /** PostgreSQL makes no index concurrently within a transaction. */
  override isTransactional(): boolean {
    return false;
  }

  override async up(): Promise<void> {
    for (const { name, on } of INDEXES) {
      await this.execute(`create index if not exists ${name} on only ingest.events ${on}`);
      for (const partition of await this.partitionsWithout(name)) {
        const own = `${partition}_${name}`;
        // One that was cut off is there, but invalid.
        await this.execute(`drop index concurrently if exists ingest.${own}`);
        await this.execute(`create index concurrently ${own} on ingest.${partition} ${on}`);
        await this.execute(`alter index ingest.${name} attach partition ingest.${own}`);
      }
    }
  }

  private async partitionsWithout(index: string): Promise<string[]> {
    const rows = await this.execute(`
      select c.relname as partition from pg_inherits t join pg_class c on c.oid = t.inhrelid
      where t.inhparent = 'ingest.events'::regclass and not exists (
        select from pg_index i join pg_inherits a on a.inhrelid = i.indexrelid
        where i.indrelid = c.oid and a.inhparent = 'ingest.${index}'::regclass)`);
    return rows.map((row) => (row as { partition: string }).partition);
  }
}
