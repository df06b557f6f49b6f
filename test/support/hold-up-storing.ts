import { withConnection } from "@ocellus/suite/database-roles.ts";
import type { TestBed } from "./test-bed.ts";

/** Locks the table of events until the function that it answers is called. */
export async function holdUpStoring(bed: TestBed): Promise<() => Promise<void>> {
  const release = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const transaction = withConnection(bed.adminUrl, async (client) => {
    await client.query("begin; lock table ingest.events in access exclusive mode");
    locked.resolve();
    await release.promise;
    await client.query("commit");
  });
  await locked.promise;
  return () => {
    release.resolve();
    return transaction;
  };
}
