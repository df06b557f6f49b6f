import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import { diceOf } from "../../../test/support/dice.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";
import { isStaleRouting } from "../src/partitions/stale-routing.ts";
import { isPoison } from "../src/poison.ts";

/** Without a service, which would drain by itself. */
let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed([]);
});
afterAll(() => bed.stop());

/** Stores events a second apart, by whatever partitions there are. */
const insert = (name: string, from: string, count = 1) =>
  bed.query(
    `insert into ingest.events (id, "timestamp", namespace, name, value, receive_time)
     select gen_random_uuid(), $2::timestamptz + n * interval '1 second', 'n', $1, n, now() from generate_series(0, $3::int - 1) n`,
    [name, from, count],
  );

const contentOf = (name: string) => bed.query("select * from ingest.events where name = $1 order by id", [name]);

async function partitionsOf(name: string): Promise<string[]> {
  const rows = await bed.query<{ partition: string }>(
    "select distinct tableoid::regclass::text as partition from ingest.events where name = $1 order by 1",
    [name],
  );
  return rows.map(({ partition }) => partition.replace("ingest.", ""));
}

async function drain(most = 100_000): Promise<number> {
  const [row] = await bed.query<{ moved: string }>("select ingest.drain_default($1) as moved", [most]);
  return Number(row!.moved);
}

/** None where others hold for too long what it needs. */
const drainUnlessHeldUp = (most: number) =>
  drain(most).catch((error) => {
    if (error.code !== "55P03") throw error;
    return 0;
  });

async function ensure(month: string): Promise<boolean> {
  const [row] = await bed.query<{ ensured: boolean }>("select ingest.ensure_partition($1::date) as ensured", [month]);
  return row!.ensured;
}

const spans = (month: string) =>
  bed.query<{ first: Date; beyond: Date }>(
    `select first, beyond from ingest.event_partitions
     where first >= $1::timestamptz and first < $1::timestamptz + interval '1 month' order by first`,
    [`${month}Z`],
  );

test("what waits in the default partition moves month by month, as it is", async () => {
  await insert("months", "2021-01-31T23:59:50Z", 20);
  const before = await contentOf("months");
  expect(await partitionsOf("months")).toEqual(["events_default"]);
  expect([await drain(), await drain(), await drain()]).toEqual([10, 10, 0]);
  expect(await partitionsOf("months")).toEqual(["events_2021_01", "events_2021_02"]);
  expect(await contentOf("months")).toEqual(before);
});

test("a month of more events than are moved at once gets several partitions, and no time is cut in two", async () => {
  await insert("pieces", "2021-03-01T00:00:00Z", 100);
  for (let i = 0; i < 5; i++) await insert("pieces", "2021-03-01T00:00:39Z");
  const before = await contentOf("pieces");
  const moves: number[] = [];
  for (let moved = -1; moved !== 0; moves.push(moved)) moved = await drain(40);
  expect(moves.reduce((a, b) => a + b)).toBe(105);
  expect(Math.max(...moves)).toBeLessThanOrEqual(45);
  expect(await partitionsOf("pieces")).not.toContain("events_default");
  expect(await contentOf("pieces")).toEqual(before);
  const parts = await spans("2021-03-01");
  expect(parts.length).toBeGreaterThanOrEqual(3);
  expect([parts[0]!.first, parts.at(-1)!.beyond]).toEqual([new Date("2021-03-01Z"), new Date("2021-04-01Z")]);
  for (const [index, { first }] of parts.slice(1).entries()) expect(first).toEqual(parts[index]!.beyond);
  expect(await ensure("2021-03-20")).toBe(true);
});

test("a month of which events wait in the default partition gets its own by the drain alone", async () => {
  await insert("waiting", "2021-05-01T00:00:00Z");
  expect(await ensure("2021-05-01")).toBe(false);
  await drain();
  expect(await ensure("2021-05-01")).toBe(true);
  await insert("waiting", "2021-05-31T23:59:59.999999Z");
  expect(await partitionsOf("waiting")).toEqual(["events_2021_05"]);
});

test("times that are far ahead make no partitions, and old ones share one", async () => {
  const count = async () =>
    Number((await bed.query("select count(*) as count from ingest.event_partitions"))[0]!.count);
  const before = await count();
  await bed.query(
    `insert into ingest.events (id, "timestamp", namespace, name, receive_time)
     select gen_random_uuid(), '1000-01-01Z'::timestamptz + n * interval '73 days', 'n', 'anytime', now()
     from generate_series(0, 4999) n where '1000-01-01Z'::timestamptz + n * interval '73 days' < '2020-01-01Z'`,
  );
  await insert("anytime", "2999-01-01T00:00:00Z", 10);
  expect(await ensure("2999-01-01")).toBe(false);
  expect(await drain()).toBe(0);
  expect(await count()).toBe(before);
  expect(await partitionsOf("anytime")).toEqual(["events_before_2020", "events_default"]);
});

test("while somebody reads the default partition for long, no partition is made, and nobody waits for that", async () => {
  await withConnection(bed.adminUrl, async (reader) => {
    await reader.query("begin; select count(*) from ingest.events_default");
    expect(await ensure("2021-06-01")).toBe(false);
    await insert("read", "2021-06-05T00:00:00Z", 3);
    await expect(drain()).rejects.toMatchObject({ code: "55P03" });
    const [row] = await bed.query("select count(*) as count from ingest.events where name = 'read'");
    expect(row).toEqual({ count: "3" });
    await reader.query("commit");
  });
  expect(await drain()).toBe(3);
  expect(await partitionsOf("read")).toEqual(["events_2021_06"]);
});

test("readers find each event once while it is moved, and those who change it wait or find it", async () => {
  await insert("moving", "2022-01-01T00:00:00Z", 600);
  const counts = new Set<string>();
  let lost = 0;
  let done = false;
  const reading = withConnection(bed.adminUrl, async (client) => {
    const query = "select count(*), count(distinct id) as ids from ingest.events where name = 'moving'";
    while (!done) {
      const [row] = (await client.query(query)).rows;
      counts.add(`${row.count} ${row.ids}`);
    }
  });
  const ids = await bed.query<{ id: string }>("select id from ingest.events where name = 'moving'");
  const dice = diceOf(1);
  const changing = withConnection(bed.adminUrl, async (client) => {
    while (!done) {
      const { id } = ids[Math.floor(dice() * ids.length)]!;
      const { rowCount } = await client.query("update ingest.events set value = value + 1 where id = $1", [id]);
      if (rowCount !== 1) lost++;
    }
  });
  let moved = 0;
  while (moved < 600) moved += await drainUnlessHeldUp(50);
  done = true;
  await Promise.all([reading, changing]);
  expect([...counts]).toEqual(["600 600"]);
  expect(lost).toBe(0);
  expect(await partitionsOf("moving")).not.toContain("events_default");
});

test("events that come for a month while it is moved are moved with it", async () => {
  await insert("joining", "2022-02-01T00:00:00Z", 50);
  // Comes after the first move, which does not see it.
  await bed.query("create sequence moves");
  await bed.query(`
    create function join_once() returns trigger language plpgsql as $$ begin
      if nextval('public.moves') = 1 then
        insert into ingest.events (id, "timestamp", namespace, name, receive_time)
        values (gen_random_uuid(), '2022-02-02Z', 'n', 'joining', now());
      end if;
      return null;
    end $$`);
  await bed.query("create trigger join_once after delete on ingest.events_default execute function join_once()");
  expect(await drain()).toBe(51);
  await bed.query("drop trigger join_once on ingest.events_default");
  expect(await partitionsOf("joining")).toEqual(["events_2022_02"]);
});

test("two that drain at once move each event once", async () => {
  await insert("racing", "2022-03-01T00:00:00Z", 400);
  let moved = 0;
  const all = async () => {
    while (moved < 400) {
      const some = await drainUnlessHeldUp(100);
      moved += some;
    }
  };
  await Promise.all([all(), all()]);
  expect(moved).toBe(400);
  const [row] = await bed.query("select count(*), count(distinct id) as ids from ingest.events where name = 'racing'");
  expect(row).toEqual({ count: "400", ids: "400" });
  expect(await partitionsOf("racing")).not.toContain("events_default");
});

test("a statement that began before a partition was made, and has an event for it, may be made again", async () => {
  const error = await withConnection(bed.adminUrl, async (gate) => {
    await gate.query("select pg_advisory_lock(1)");
    // Its first event makes it look up the partitions, its second waits.
    const storing = bed
      .query(`
        insert into ingest.events (id, "timestamp", namespace, name, receive_time)
        select gen_random_uuid(),
          case n when 1 then '2000-01-01Z' else '2022-04-01Z' end::timestamptz, 'n', 'stale', now()
        from generate_series(1, 2) n where n = 1 or pg_advisory_lock(1)::text is not null`)
      .then(() => undefined)
      .catch((error) => error);
    await eventually(async () => {
      const waiting = await bed.query(`select from pg_locks where locktype = 'advisory' and not granted and database = (
        select oid from pg_database where datname = current_database())`);
      return waiting.length > 0 || undefined;
    });
    expect(await ensure("2022-04-01")).toBe(true);
    await gate.query("select pg_advisory_unlock(1)");
    return await storing;
  });
  expect(error).toMatchObject({ code: "23514" });
  expect([isStaleRouting(error), isPoison(error)]).toEqual([true, false]);
  await bed.query("alter table ingest.events add constraint no_poison check (name <> 'poison')");
  const refused = await insert("poison", "2022-04-01T00:00:00Z").catch((error) => error);
  expect([isStaleRouting(refused), isPoison(refused)]).toEqual([false, true]);
});
