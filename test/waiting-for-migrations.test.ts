import { randomUUID } from "node:crypto";
import { expect, test } from "@jest/globals";
import { schema } from "@ocellus/ingest/orm.config.ts";
import { connectDatabase } from "@ocellus/runtime/database.ts";
import { createDatabase, withConnection } from "@ocellus/suite/database-roles.ts";
import { runMigrations } from "@ocellus/suite/service-process.ts";
import pino from "pino";
import { eventually } from "./support/eventually.ts";
import { sharedServers } from "./support/shared-servers.ts";

test("a service that is started before the migrations waits for them, and says so", async () => {
  const { adminUrl, password } = sharedServers();
  const admin = await createDatabase(adminUrl, `test_${randomUUID().replaceAll("-", "")}`);
  const own = new URL(admin);
  own.username = "ocellus_ingest";
  own.password = password;
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  const connecting = connectDatabase(
    schema,
    { url: own.href, poolSize: 1 },
    { log, signal: AbortSignal.timeout(60_000) },
  );

  expect(await eventually(async () => lines[0])).toContain("waiting for PostgreSQL: ");
  await runMigrations({ environment: { DATABASE_URL: admin } });
  const orm = await connecting;
  await orm.close();

  // As if the last one were of the version that comes next.
  await withConnection(admin, (client) => client.query("delete from ingest.mikro_orm_migrations where name ~ '0010'"));
  const behind = new AbortController();
  const again = connectDatabase(schema, { url: own.href, poolSize: 1 }, { log, signal: behind.signal });
  expect(await eventually(async () => lines.find((line) => line.includes("lacks")))).toContain(
    "0010-publish-unannounced; run",
  );
  behind.abort(new Error("enough"));
  await expect(again).rejects.toThrow("enough");
});
