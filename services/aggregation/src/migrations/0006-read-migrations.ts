import { Migration } from "@mikro-orm/migrations";

/** Which migrations were applied is for the role that migrates to say; the service looks whether its own are. */
export class Migration0006ReadMigrations extends Migration {
  override async up(): Promise<void> {
    this.addSql(`revoke insert, update, delete on aggregation.mikro_orm_migrations from ocellus_aggregation`);
  }
}
