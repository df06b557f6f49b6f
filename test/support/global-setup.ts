import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureCertificates } from "@ocellus/suite/certificates.ts";
import { createDatabase, ensureLogins } from "@ocellus/suite/database-roles.ts";
import { findNatsServer } from "@ocellus/suite/nats-server.ts";
import { freePort } from "@ocellus/suite/ports.ts";
import { startPostgres } from "@ocellus/suite/postgres.ts";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { runMigrations } from "@ocellus/suite/service-process.ts";
import { shareServers, TEMPLATE } from "./shared-servers.ts";

/**
 * Starts what all test files share: one PostgreSQL with a migrated template, of which each file copies a database of its own.
 * Each file starts its own NATS, since the names of streams belong to a whole server.
 */
export default async function startSharedServers(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ocellus-test-"));
  const certificates = join(folder, "certificates");
  // Services start some two hundred times: all but the first time from what Node compiled.
  process.env.NODE_COMPILE_CACHE = join(folder, "cache");
  const [postgres, natsServer] = await Promise.all([
    startPostgres({ dataDir: join(folder, "postgres"), port: await freePort() }),
    findNatsServer(join(repositoryRoot, ".ocellus/bin")),
    ensureCertificates(certificates),
  ]);
  const template = await createDatabase(postgres.adminUrl, TEMPLATE);
  await runMigrations({ environment: { DATABASE_URL: template } });
  const password = "test";
  await ensureLogins(template, { ingest: password, sessions: password, aggregation: password, gateway: password });
  shareServers({ folder, certificates, natsServer, adminUrl: postgres.adminUrl, password }, postgres);
}
