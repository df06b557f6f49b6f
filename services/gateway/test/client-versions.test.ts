import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { connectDatabase } from "@ocellus/runtime/database.ts";
import pino from "pino";
import { eventually } from "../../../test/support/eventually.ts";
import { holdOpen } from "../../../test/support/hold-open.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";
import { ClientVersions } from "../src/clients/versions.ts";
import { schema } from "../src/orm.config.ts";

let bed: TestBed;
let database: Awaited<ReturnType<typeof connectDatabase>>;

beforeAll(async () => {
  bed = await startTestBed([]);
  const waiting = { log: pino({ level: "silent" }), signal: new AbortController().signal };
  database = await connectDatabase(schema, { url: bed.adminUrl, poolSize: 2 }, waiting);
});
afterAll(async () => {
  await database?.close();
  await bed?.stop();
});

test("of two questions at once the one that was asked first takes nothing back, though it is answered last", async () => {
  await bed.query(`
    insert into access.clients (id, display_name, scopes, namespaces, secret_hash, secret_create_time, version, create_time,
      version_time) values ('shop', 'a shop', '{}', '{}', '', now(), 1, now(), now())`);
  // Who reads while there is a hold sees what is there now, and waits.
  await bed.query(`
    create table access.hold as select true;
    alter table access.clients rename to all_clients;
    create view access.clients as select * from access.all_clients where
      case when exists (select from access.hold) then pg_advisory_lock_shared(1)::text is not null else true end`);
  const release = await holdOpen(bed, "select pg_advisory_xact_lock(1)");
  const versions = new ClientVersions(database.em, 3_600_000);
  const first = versions.refresh();
  await eventually(async () => {
    const waiting = await bed.query(`select from pg_locks where locktype = 'advisory' and not granted and database = (
      select oid from pg_database where datname = current_database())`);
    return waiting.length > 0 || undefined;
  });
  await bed.query("delete from access.hold; update access.all_clients set revoke_time = now()");
  await versions.refresh();
  expect(versions.counts("shop", 1)).toBe(false);
  await release();
  await first;
  expect(versions.counts("shop", 1)).toBe(false);
});
