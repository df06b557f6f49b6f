import { Migration } from "@mikro-orm/migrations";

/**
 * Marks all that was materialised so far: it has no hours, days and histograms, and is read from the events until it has. By itself,
 * since the change of the table holds up its readers until it commits.
 */
export class Migration0003MarkAll extends Migration {
  override async up(): Promise<void> {
    this.addSql(`
      insert into aggregation.dirty_buckets select namespace, name, bucket_start from aggregation.quarters
      on conflict do nothing`);
  }
}
