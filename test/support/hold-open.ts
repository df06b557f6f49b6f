import { withConnection } from "@ocellus/suite/database-roles.ts";
import type { TestBed } from "./test-bed.ts";

/** Runs a statement in a transaction that is rolled back when the function that this answers is called, and holds its locks until then. */
export async function holdOpen(bed: TestBed, statement: string, values?: unknown[]): Promise<() => Promise<void>> {
  const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = withConnection(bed.adminUrl, async (client) => {
    await client.query("begin");
    await client.query(statement, values);
    held.resolve();
    await released.promise;
    await client.query("rollback");
  });
  await Promise.race([held.promise, holding]);
  return () => {
    released.resolve();
    return holding;
  };
}
