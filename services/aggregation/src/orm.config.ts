import type { Schema } from "@ocellus/runtime/database.ts";
import { Migration0001CreateBuckets } from "./migrations/0001-create-buckets.ts";
import { Migration0002CreateLevels } from "./migrations/0002-create-levels.ts";
import { Migration0003MarkAll } from "./migrations/0003-mark-all.ts";
import { Migration0005ListSeries } from "./migrations/0005-list-series.ts";
import { Migration0006ReadMigrations } from "./migrations/0006-read-migrations.ts";

/**
 * The schema `aggregation`: the rollups that are materialised, and the buckets that are to be computed anew. Its rows are made and
 * read by statements over whole sets, so that no table has an entity.
 */
export const schema: Schema = {
  name: "aggregation",
  entities: [],
  migrations: [
    { name: "0001-create-buckets", class: Migration0001CreateBuckets },
    { name: "0002-create-levels", class: Migration0002CreateLevels },
    { name: "0003-mark-all", class: Migration0003MarkAll },
    { name: "0005-list-series", class: Migration0005ListSeries },
    { name: "0006-read-migrations", class: Migration0006ReadMigrations },
  ],
};
