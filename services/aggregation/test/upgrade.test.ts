import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { MikroORM } from "@mikro-orm/postgresql";
import { ormOptions } from "@ocellus/runtime/database.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import type pg from "pg";
import { sharedServers } from "../../../test/support/shared-servers.ts";
import { schema } from "../src/orm.config.ts";

const database = `upgrade_${randomUUID().replaceAll("-", "")}`;
let url: string;
let orm: MikroORM;

/** The schema of the version before rollups had levels, with a bucket that it has materialised. */
beforeAll(async () => {
  const { adminUrl } = sharedServers();
  await withConnection(adminUrl, (client) => client.query(`create database ${database}`));
  const named = new URL(adminUrl);
  named.pathname = `/${database}`;
  url = named.href;
  orm = await MikroORM.init(ormOptions(schema, { url, poolSize: 2 }));
  await orm.migrator.up({ to: "0001-create-buckets" });
  await run(
    `insert into aggregation.buckets values ('shop', 'view', '2026-01-01 10:00Z', '2026-01-01 10:01Z', 2, 1, 3, 3, 3)`,
  );
  await run(`insert into aggregation.dirty_buckets values ('shop', 'view', '2026-01-02 10:00Z')`);
  await orm.migrator.up();
});
afterAll(() => orm?.close());

const run = (...statements: string[]) =>
  withConnection(url, async (client: pg.Client) => {
    let rows: unknown[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows;
    return rows;
  });

test("what was materialised before is kept, and is to be computed anew with all levels", async () => {
  expect(await run("select name, count, bins from aggregation.quarters")).toEqual([
    { name: "view", count: "2", bins: null },
  ]);
  expect(await run("select bucket_start::text from aggregation.dirty_buckets order by 1")).toEqual([
    { bucket_start: "2026-01-01 10:00:00+00" },
    { bucket_start: "2026-01-02 10:00:00+00" },
  ]);
});

test("the version before reads what is materialised while it still runs, and cannot change it behind the levels' back", async () => {
  const asBefore = (statement: string) => run("set role ocellus_aggregation", statement);
  expect(await asBefore("select name, count from aggregation.buckets")).toEqual([{ name: "view", count: "2" }]);
  for (const statement of [
    "delete from aggregation.buckets",
    "insert into aggregation.buckets select * from aggregation.buckets",
  ]) {
    await expect(asBefore(statement)).rejects.toThrow("permission denied for view buckets");
  }
});
