import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { MikroORM } from "@mikro-orm/postgresql";
import { ormOptions } from "@ocellus/runtime/database.ts";
import { createDatabase, withConnection } from "@ocellus/suite/database-roles.ts";
import { runMigrations } from "@ocellus/suite/service-process.ts";
import { sharedServers } from "../../../test/support/shared-servers.ts";
import { schema } from "../src/orm.config.ts";

let url: string;

beforeAll(async () => {
  url = await createDatabase(sharedServers().adminUrl, `upgraded_${randomUUID().replaceAll("-", "")}`);
});
afterAll(async () => {
  await withConnection(sharedServers().adminUrl, (client) =>
    client.query(`drop database ${new URL(url).pathname.slice(1)} with (force)`),
  );
});

const query = (text: string, values?: unknown[]) =>
  withConnection(url, async (client) => (await client.query(text, values)).rows);

async function migrateTo(name: string): Promise<void> {
  const orm = await MikroORM.init(ormOptions(schema, { url, poolSize: 2 }));
  try {
    await orm.migrator.up({ to: name });
  } finally {
    await orm.close();
  }
}

test("a database of the version before keeps its events and partitions, under writers, and gets a default partition", async () => {
  await migrateTo("0007-keep-outbox-as-it-is");
  await query("select ingest.ensure_partition(date '2021-05-20'), ingest.ensure_partition(date '2026-01-01')");
  const insert = `
    insert into ingest.events (id, "timestamp", namespace, name, receive_time)
    select gen_random_uuid(), t::timestamptz, 'n', 'old', now() from unnest($1::text[]) t`;
  await query(insert, [["1999-01-01Z", "2021-05-01Z", "2021-05-31T23:59:59Z", "2026-01-15Z"]]);
  const all = `select tableoid::regclass::text as partition, * from ingest.events where name = 'old' order by "timestamp"`;
  const before = await query(all);

  await withConnection(url, async (writer) => {
    // A service of the version before is storing, and holds up nothing.
    await writer.query("begin; lock table ingest.events in row exclusive mode");
    await runMigrations({ environment: { DATABASE_URL: url } });
    await writer.query("commit");
  });

  expect(await query(all)).toEqual(before);
  expect(await query("select name from ingest.event_partitions order by first")).toEqual(
    ["events_before_2020", "events_2021_05", "events_2026_01"].map((name) => ({ name })),
  );
  expect(await query("select at::text from ingest.kept_from")).toEqual([{ at: "-infinity" }]);
  const asService = "set role ocellus_ingest; select ingest.ensure_partition(date '2021-06-20')";
  await query(asService);
  await query(insert, [["2021-06-01Z", "2021-05-02Z", "2021-07-01Z"]]);
  const partitions = (await query(all)).map(({ partition }) => partition.replace("ingest.events_", ""));
  expect(partitions).toEqual(["before_2020", "2021_05", "2021_05", "2021_05", "2021_06", "default", "2026_01"]);
});
