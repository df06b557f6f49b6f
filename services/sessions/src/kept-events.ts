import { sql } from "kysely";

/** Holds for events of `ingest.events` that are kept: some of the older ones may be gone already. */
export const isKept = sql`"timestamp" >= (select at from ingest.kept_from)`;
