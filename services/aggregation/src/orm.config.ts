import type { Schema } from "@ocellus/runtime/database.ts";
import { Migration0001CreateBuckets } from "./migrations/0001-create-buckets.ts";

/**
 * The schema `aggregation`: the buckets that are materialised, and those that are to be computed anew. Its rows are made and read
 * by statements over whole sets, so that no table has an entity.
 */
export const schema: Schema = {
  name: "aggregation",
  entities: [],
  migrations: [{ name: "0001-create-buckets", class: Migration0001CreateBuckets }],
};
