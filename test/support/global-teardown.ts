import { rmSync } from "node:fs";
import { sharedPostgres, sharedServers } from "./shared-servers.ts";

/** Stops what the test files shared, and removes its data. */
export default async function stopSharedServers(): Promise<void> {
  await sharedPostgres().stop("immediate");
  rmSync(sharedServers().folder, { recursive: true, force: true });
}
