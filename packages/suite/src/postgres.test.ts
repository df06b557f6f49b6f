import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { createDatabase, withConnection } from "./database-roles.ts";
import { freePort } from "./ports.ts";
import { startPostgres } from "./postgres.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const START_MS = 120_000;

test(
  "PostgreSQL finds its data again after an orderly stop and after crashes, on any port",
  async () => {
    using folder = temporaryFolder();
    const rows: number[] = [];
    const writeAndCount = async (adminUrl: string) =>
      withConnection(adminUrl, async (client) => {
        await client.query("create table if not exists things (id int generated always as identity)");
        await client.query("insert into things default values");
        rows.push((await client.query("select from things")).rowCount ?? 0);
      });

    for (const end of ["fast", "immediate", "SIGKILL"] as const) {
      await using postgres = await startPostgres({ dataDir: folder.path, port: await freePort() });
      await writeAndCount(postgres.adminUrl);
      if (end === "SIGKILL") await postgres.process.stop("SIGKILL");
      else await postgres.stop(end);
    }
    await using postgres = await startPostgres({ dataDir: folder.path, port: await freePort() });
    await writeAndCount(postgres.adminUrl);
    expect(rows).toEqual([1, 2, 3, 4]);
  },
  START_MS,
);

test(
  "a new PostgreSQL is durable, in UTF-8 and UTC, and lets nobody in without its password",
  async () => {
    using folder = temporaryFolder();
    const settings = { max_connections: "17" };
    await using postgres = await startPostgres({ dataDir: folder.path, port: await freePort(), settings });

    const names = ["fsync", "synchronous_commit", "server_encoding", "timezone", "listen_addresses", "max_connections"];
    const values = await withConnection(postgres.adminUrl, async (client) => {
      const { rows } = await client.query("select current_setting(name) from unnest($1::text[]) as name", [names]);
      return rows.map(({ current_setting }) => current_setting);
    });
    expect(values).toEqual(["on", "on", "UTF8", "UTC", "127.0.0.1", "17"]);

    const stranger = new URL(postgres.adminUrl);
    stranger.password = "guess";
    await expect(withConnection(stranger.href, async () => {})).rejects.toThrow("password authentication failed");
    expect(statSync(join(folder.path, "password.json")).mode & 0o777).toBe(0o600);
  },
  START_MS,
);

test(
  "a database is made when it is missing, whatever its quotes, and left alone when it is there",
  async () => {
    using folder = temporaryFolder();
    await using postgres = await startPostgres({ dataDir: folder.path, port: await freePort() });
    const name = `it's "a" test`;
    const url = await createDatabase(postgres.adminUrl, name);
    await withConnection(url, (client) => client.query("create table kept ()"));
    expect(await createDatabase(postgres.adminUrl, name)).toBe(url);
    const { rows } = await withConnection(url, (client) =>
      client.query("select current_database() as name from pg_tables where tablename = 'kept'"),
    );
    expect(rows).toEqual([{ name }]);
  },
  START_MS,
);

test(
  "a port in use is an error with PostgreSQL's own words",
  async () => {
    using folder = temporaryFolder();
    using other = temporaryFolder();
    await using postgres = await startPostgres({ dataDir: folder.path, port: await freePort() });
    await expect(startPostgres({ dataDir: other.path, port: postgres.port })).rejects.toThrow(
      /PostgreSQL ended with code 1:(.|\n)*Address already in use/,
    );
  },
  START_MS,
);
