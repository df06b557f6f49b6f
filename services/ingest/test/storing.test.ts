import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { EVENT_CHANGES, EVENTS } from "@ocellus/runtime/streams.ts";
import { connectOperator } from "@ocellus/suite/connect-operator.ts";
import type { NatsConnection } from "nats";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { holdUpStoring } from "../../../test/support/hold-up-storing.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let nats: NatsConnection;
let ingest: ServiceClient<typeof IngestService>;
let events: ServiceClient<typeof EventService>;
let errors: ServiceClient<typeof EventErrorService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest"], { EVENTS_MAX_BYTES: String(1024 * 1024) });
  nats = await connectOperator(bed.nats.url, bed.certificates);
  ingest = bed.client("ingest", IngestService);
  events = bed.client("ingest", EventService);
  errors = bed.client("ingest", EventErrorService);
});
afterAll(async () => {
  await nats?.close();
  await bed.stop();
});

async function storedCount(name: string): Promise<number> {
  const [row] = await bed.query<{ count: string }>("select count(*) from ingest.events where name = $1", [name]);
  return Number(row?.count);
}
const untilStored = (name: string, count: number) =>
  eventually(async () => ((await storedCount(name)) === count ? count : undefined));

test("one event that PostgreSQL refuses is kept as an error, and those around it are stored", async () => {
  await bed.query(`alter table ingest.events add constraint no_poison check (name <> 'poison')`);
  const batch = Array.from({ length: 25 }, (_, index) => ({ name: index === 11 ? "poison" : "beside poison" }));
  const { results } = await ingest.batchTrackEvents({ events: batch });
  const poison = results[11]?.result.value;
  await untilStored("beside poison", 24);
  const { eventErrors } = await errors.listEventErrors({ reason: ErrorReason.EVENT_NOT_STORABLE });
  expect(eventErrors.map(({ event }) => event?.id)).toEqual([poison && "id" in poison && poison.id]);
});

test("an event that PostgreSQL refuses is one error however often it is sent", async () => {
  await bed.query(`alter table ingest.events add constraint no_twice check (name <> 'twice')`);
  const event = { id: randomUUID(), timestamp: timestampFromDate(new Date()), name: "twice" };
  await ingest.trackEvent({ event });
  await ingest.trackEvent({ event });
  const manager = await nats.jetstreamManager();
  await eventually(async () => (await manager.streams.info(EVENTS.stream)).state.messages === 0 || undefined);
  const kept = await bed.query("select from ingest.event_errors where event_id = $1", [event.id]);
  expect(kept).toHaveLength(1);
});

test("a message that is none is read again, then kept as an error, and holds up nothing", async () => {
  await nats.jetstream().publish(EVENTS.subject, "nonsense");
  await ingest.trackEvent({ event: { name: "after nonsense" } });
  await untilStored("after nonsense", 1);
  const kept = await eventually(async () => {
    const rows = await bed.query("select event from ingest.event_errors where payload = 'nonsense'::bytea");
    return rows.length > 0 ? rows : undefined;
  });
  expect(kept).toEqual([{ event: null }]);
  expect(bed.logOf("ingest")).toMatch(/"msg":"store-events failed, and tries again/);
});

test("changes that a crash left in the outbox are announced", async () => {
  const manager = await nats.jetstreamManager();
  const announced = async () => (await manager.streams.info(EVENT_CHANGES.stream)).state.last_seq;
  const before = await announced();
  await bed.query("insert into ingest.outbox values ($1, 'left behind', now() - interval '1 minute')", [randomUUID()]);
  await eventually(async () => ((await announced()) > before ? true : undefined));
  await eventually(async () => {
    const left = await bed.query("select from ingest.outbox");
    return left.length === 0 ? true : undefined;
  });
});

test("a full queue refuses new events with a retry delay, keeps what it has, and takes more once it is stored", async () => {
  const event = { name: "filling", data: { text: "x".repeat(30_000) } };
  let accepted = 0;
  const unlock = await holdUpStoring(bed);
  const error = await errorOf(
    (async () => {
      for (; accepted < 200; accepted++) await ingest.trackEvent({ event });
    })(),
  );
  expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: "QUEUE_FULL" });
  expect(error.retryAfterSeconds).toBeGreaterThan(0);
  expect(accepted).toBeGreaterThan(10);
  await unlock();
  await eventually(async () => (await ingest.trackEvent({ event }).catch(() => undefined)) && true);
  await untilStored("filling", accepted + 1);
});

test("events of any past and of now are stored in partitions of their own", async () => {
  for (const year of ["1066", "2019", "2020", "2024"]) {
    await ingest.trackEvent({
      event: { name: "dated", timestamp: timestampFromDate(new Date(`${year}-02-28T12:00:00Z`)) },
    });
  }
  await untilStored("dated", 4);
  // Where a partition cannot be made at once they go through the default one.
  await eventually(async () => {
    const rows = await bed.query(
      `select tableoid::regclass::text as partition from ingest.events where name = 'dated' order by "timestamp"`,
    );
    expect(rows.map(({ partition }) => partition)).toEqual([
      "ingest.events_before_2020",
      "ingest.events_before_2020",
      "ingest.events_2020_02",
      "ingest.events_2024_02",
    ]);
    return true;
  });
});

test("a list holds what all its filters hold, newest first, and its pages are the whole", async () => {
  const at = (second: number) => timestampFromDate(new Date(Date.UTC(2026, 0, 1, 0, 0, second)));
  const batch = Array.from({ length: 24 }, (_, index) => ({
    namespace: "lists",
    name: index % 2 ? "odd" : "even",
    category: "c",
    sessionId: `s${index % 3}`,
    personId: `p${index % 4}`,
    // Several at each second, so that pages end between events of one time.
    timestamp: at(Math.floor(index / 5)),
    value: index,
  }));
  await ingest.batchTrackEvents({ events: batch });
  await untilStored("odd", 12);
  await untilStored("even", 12);

  const { events: all } = await events.listEvents({ namespace: "lists" });
  const order = all.map(({ timestamp, id }) => `${timestamp?.seconds} ${id}`);
  expect(order).toHaveLength(24);
  expect(order).toEqual(order.toSorted().reverse());

  const paged: string[] = [];
  for (let pageToken = ""; ; ) {
    const page = await events.listEvents({ namespace: "lists", pageSize: 7, pageToken });
    paged.push(...page.events.map(({ id }) => id));
    pageToken = page.nextPageToken;
    if (pageToken === "") break;
  }
  expect(paged).toEqual(all.map(({ id }) => id));

  const { events: some } = await events.listEvents({
    namespace: "lists",
    name: "odd",
    category: "c",
    sessionId: "s1",
    personId: "p1",
    timestampMin: at(0),
    timestampMax: at(2),
  });
  expect(some.map(({ value }) => value)).toEqual([13, 1]);
});

test("a page token of another query is refused", async () => {
  await ingest.batchTrackEvents({ events: [{ name: "tokens" }, { name: "tokens" }] });
  await untilStored("tokens", 2);
  const { nextPageToken: pageToken } = await events.listEvents({ name: "tokens", pageSize: 1 });
  expect(await errorOf(events.listEvents({ name: "other", pageSize: 1, pageToken }))).toMatchObject({
    reason: "INVALID_PAGE_TOKEN",
    fields: ["page_token"],
  });
});

test("a page of large events holds fewer of them, and the pages are still the whole", async () => {
  const timestamp = timestampFromDate(new Date("2026-01-01Z"));
  const large = Array.from({ length: 250 }, (_, value) => ({
    // What is sent again, where the answer is not known, is the same event.
    ...{ id: randomUUID(), timestamp },
    name: "page of large",
    value,
    data: { text: "x".repeat(30_000) },
  }));
  for (let from = 0; from < large.length; from += 25) {
    await eventually(() => ingest.batchTrackEvents({ events: large.slice(from, from + 25) }).catch(() => undefined));
  }
  await untilStored("page of large", 250);
  const values: number[] = [];
  let pages = 0;
  for (let pageToken = ""; ; pages++) {
    const page = await events.listEvents({ name: "page of large", pageSize: 1000, pageToken });
    values.push(...page.events.map(({ value }) => value ?? -1));
    pageToken = page.nextPageToken;
    if (pageToken === "") break;
  }
  expect(values.toSorted((a, b) => a - b)).toEqual(large.map(({ value }) => value));
  expect(pages).toBeGreaterThan(0);
});
