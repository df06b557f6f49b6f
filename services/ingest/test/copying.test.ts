import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import { microsOf } from "@ocellus/wire/timestamp.ts";
import type { ClientBase } from "pg";
import { v4 } from "uuid";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";
import { copyEvents } from "../src/copy-events.ts";
import { storingPool } from "../src/storing-pool.ts";
import { EventBytes } from "../src/wire/read-event.ts";

const RECEIVED = { seconds: 1_790_000_000, micros: 123_000 };

let bed: TestBed;
let events: ServiceClient<typeof EventService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest"]);
  events = bed.client("ingest", EventService);
});
afterAll(() => bed.stop());

const queued = (event: Event) => {
  const bytes = Buffer.from(toBinary(EventSchema, event));
  return { event: new EventBytes(new Reader(bytes), bytes.length), receiveTime: RECEIVED };
};
const copy = (list: Event[]) => withConnection(bed.adminUrl, (client) => copyEvents(client, list.map(queued)));

const eventOf = (fields: Partial<Event>) =>
  create(EventSchema, { id: v4(), namespace: "n", name: "n", timestamp: timestampOf(0n), ...fields } as Event);

test.each<[string, Partial<Event>]>([
  [
    "every field",
    { category: "c", sessionId: "s", personId: "p", value: -1.5, data: { a: [1, { b: null }], ä: "€😀\n" } },
  ],
  ["a long text", { name: "ä".repeat(150), personId: "€".repeat(255) }],
  ["an empty data", { data: {} }],
  ["the smallest number", { value: 5e-324 }],
  ["the largest number", { value: -1.7976931348623157e308 }],
  ["a time to the microsecond", { timestamp: timestampOf(1_790_000_000_000_001n) }],
  ["the earliest time", { timestamp: timestampOf(-62_135_596_800_000_000n) }],
  ["a time before 1970", { timestamp: timestampOf(-1n) }],
])("an event with %s is copied as it is", async (_, fields) => {
  const event = eventOf(fields);
  await bed.query(`select ingest.ensure_partition(date '2026-09-01')`);
  await copy([event]);
  const { event: stored } = await events.getEvent({ id: event.id });
  expect(stored).toEqual({ ...event, receiveTime: timestampOf(microsOf(RECEIVED)) });
});

test("several thousand events are copied at once", async () => {
  const list = Array.from({ length: 3000 }, (_, index) => eventOf({ name: "many", value: index, data: { index } }));
  await copy(list);
  const [row] = await bed.query(`select count(*) as count, sum(value) as sum from ingest.events where name = 'many'`);
  expect([Number(row!.count), row!.sum]).toEqual([3000, (2999 * 3000) / 2]);
});

test("an event that is there already fails them all", async () => {
  const first = eventOf({ name: "first" });
  await copy([first]);
  await expect(copy([eventOf({ name: "second" }), first])).rejects.toMatchObject({ code: "23505" });
  expect(await bed.query(`select from ingest.events where name = 'second'`)).toEqual([]);
});

test.each<[string, (client: ClientBase, first: Event) => Promise<unknown>]>([
  ["before rows are sent", (client) => client.query("lock table ingest.events in exclusive mode")],
  ["while rows are sent", (client, first) => copyEvents(client, [queued(first)])],
])("a connection that ends %s fails the copy, and the pool opens another", async (_, holdUp) => {
  const list = Array.from({ length: 10_000 }, () => eventOf({ name: "ended", data: { text: "x".repeat(200) } }));
  const pool = storingPool({ url: bed.adminUrl }, 1);
  const client = await pool.connect();
  try {
    await withConnection(bed.adminUrl, async (other) => {
      await other.query("begin");
      await holdUp(other, list[0]!);
      const copying = copyEvents(client, list.map(queued));
      copying.catch(() => {});
      await eventually(() => terminateWaiting(bed));
      await expect(copying).rejects.toThrow(/terminat/);
    });
  } finally {
    client.release(true);
  }
  await expect(pool.query("select 1 as one")).resolves.toMatchObject({ rows: [{ one: 1 }] });
  await pool.end();
});

/** Ends the connections that wait to store; undefined where none does. */
async function terminateWaiting({ query }: TestBed): Promise<true | undefined> {
  const ended = await query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = 'ocellus-store-events' and wait_event_type = 'Lock'`,
  );
  return ended.length > 0 || undefined;
}
