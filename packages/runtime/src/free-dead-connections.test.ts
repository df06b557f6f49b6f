import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { MikroORM } from "@mikro-orm/postgresql";
import { eventually } from "../../../test/support/eventually.ts";
import { sharedServers } from "../../../test/support/shared-servers.ts";
import { ormOptions } from "./database.ts";

let orm: MikroORM;

beforeAll(async () => {
  const schema = { name: "public", entities: [], migrations: [] };
  orm = await MikroORM.init(ormOptions(schema, { url: sharedServers().adminUrl, poolSize: 1 }));
});
afterAll(() => orm.close());

test("a connection that ends within a transaction is free for the next", async () => {
  for (let time = 0; time < 3; time++) {
    const killed = orm.em.fork().transactional((tx) => tx.execute("select pg_terminate_backend(pg_backend_pid())"));
    await expect(killed).rejects.toThrow(/terminat/);
    const [row] = await orm.em.fork().transactional((tx) => tx.execute("select 1 as one"));
    expect(row).toEqual({ one: 1 });
  }
});

test("a connection that ends within a statement is given back once", async () => {
  const killed = orm.em.fork().execute("select pg_terminate_backend(pg_backend_pid())");
  await expect(killed).rejects.toThrow(/terminat/);
  expect(await eventually(() => orm.em.fork().execute("select 1 as one"))).toEqual([{ one: 1 }]);
});
