import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import { v4 } from "uuid";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";
import { copyEvents } from "../src/copy-events.ts";
import { EventBytes } from "../src/wire/read-event.ts";

const RECEIVED = 1_790_000_000_123_000n;

let bed: TestBed;
let events: ServiceClient<typeof EventService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest"]);
  events = bed.client("ingest", EventService);
});
afterAll(() => bed.stop());

const copy = (list: Event[]) => {
  const queued = list.map((event) => {
    const bytes = Buffer.from(toBinary(EventSchema, event));
    return { event: new EventBytes(bytes, 0, bytes.length), receiveTime: RECEIVED };
  });
  return withConnection(bed.adminUrl, (client) => copyEvents(client, queued));
};

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
  expect(stored).toEqual({ ...event, receiveTime: timestampOf(RECEIVED) });
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
