import { Migration } from "@mikro-orm/migrations";

/** Messages wait in the outbox for a moment: to compress them costs more than to write them. */
export class Migration0007KeepOutboxAsItIs extends Migration {
  override async up(): Promise<void> {
    this.addSql(`alter table ingest.outbox alter column payload set storage external`);
  }
}
