import { join } from "node:path";
import { DATABASE_SERVICES, type DatabaseService, ensureLogins } from "./database-roles.ts";
import { readOrCreateSecrets } from "./secrets.ts";
import { runMigrations } from "./service-process.ts";
import type { StartContext } from "./start-context.ts";

/** Where the passwords of the services, and the secret of the first administrator, are kept. */
export function passwordsFile(dataDir: string): string {
  return join(dataDir, "passwords.json");
}

/** Brings all schemas up to date and gives each service its login. Answers the DATABASE_URL of each. */
export async function prepareDatabase(
  adminUrl: string,
  environment: Readonly<Record<string, string>>,
  { dataDir, parts }: StartContext,
): Promise<Record<DatabaseService, string>> {
  const passwords = readOrCreateSecrets(passwordsFile(dataDir), DATABASE_SERVICES);
  const migrations = runMigrations({ environment: { ...environment, DATABASE_URL: adminUrl } });
  await parts.report("migrations", migrations, (applied) => ({
    title: "migrations",
    place: applied.length > 0 ? `${applied.length} applied` : "up to date",
    details: DATABASE_SERVICES.join(", "),
  }));
  return ensureLogins(adminUrl, passwords);
}
