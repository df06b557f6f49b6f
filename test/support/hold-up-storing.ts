import { holdOpen } from "./hold-open.ts";
import type { TestBed } from "./test-bed.ts";

/** Locks the table of events until the function that it answers is called. */
export const holdUpStoring = (bed: TestBed) => holdOpen(bed, "lock table ingest.events in access exclusive mode");
