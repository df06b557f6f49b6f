import { passwordsFile } from "./prepare-database.ts";
import { readOrCreateSecrets } from "./secrets.ts";
import type { Administrator } from "./service-environment.ts";

/** The first administrator of a suite. Without the file of its secrets it is another one, as nobody would know the secret of the one before. */
export function firstAdministrator(dataDir: string): Administrator {
  const kept = readOrCreateSecrets(passwordsFile(dataDir), ["administratorId", "administratorSecret"]);
  return { id: `administrator-${kept.administratorId}`, secret: kept.administratorSecret };
}
