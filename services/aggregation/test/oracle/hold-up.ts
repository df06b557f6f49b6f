import { holdOpen } from "../../../../test/support/hold-open.ts";
import type { TestBed } from "../../../../test/support/test-bed.ts";

/** Leaves dirty what is marked from now on. */
export const holdUpMaterialising = (bed: TestBed) =>
  holdOpen(bed, "select pg_advisory_xact_lock(hashtext('aggregation.rollups'))");

/** Has whoever marks a quarter of an hour wait: a mark of it that is not committed stands in the way. */
export const holdUpMarking = (bed: TestBed, namespace: string, name: string, quarter: string) =>
  holdOpen(bed, "insert into aggregation.dirty_buckets values ($1, $2, $3)", [namespace, name, quarter]);
