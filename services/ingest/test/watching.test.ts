import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";
import { Watch } from "./watch.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let events: ServiceClient<typeof EventService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest"], { WATCHERS_MAX: "5" });
  ingest = bed.client("ingest", IngestService);
  events = bed.client("ingest", EventService);
});
afterAll(() => bed.stop());

test("a watcher is sent what is stored from then on, as GetEvent answers it, and nothing from before", async () => {
  const { event: before } = await ingest.trackEvent({ event: { name: "from now on" } });
  await eventually(() => events.getEvent({ id: before!.id }));
  const watch = await Watch.start(events, { name: "from now on" });
  const sent = {
    name: "from now on",
    category: "c",
    sessionId: "s",
    personId: "p",
    value: 1.5,
    data: { a: [1, null] },
  };
  const { event } = await ingest.trackEvent({ event: sent });
  await watch.until(1);
  expect(watch.events).toEqual([event]);
  expect(watch.events).toEqual([(await events.getEvent({ id: event!.id })).event]);
  await watch.stop();
});

const at = (second: number) => timestampFromDate(new Date(Date.UTC(2026, 0, 1, 0, 0, second)));

test.each([
  ["namespace", { namespace: "b" }, [1, 3]],
  ["name", { name: "filtered 2" }, [2]],
  ["category", { category: "c1" }, [1, 3]],
  ["session", { sessionId: "s0" }, [0, 3]],
  ["person", { personId: "p2" }, [2]],
  ["earliest time", { timestampMin: at(2) }, [2, 3]],
  ["latest time", { timestampMax: at(1) }, [0, 1]],
  ["all together", { namespace: "b", category: "c1", timestampMin: at(2), timestampMax: at(3), personId: "p3" }, [3]],
])("the filter by %s holds for what comes live and for what is caught up", async (field, filter, expected) => {
  const own = `${field} filter`;
  const start = await Watch.start(events, {});
  const live = await Watch.start(events, filter);
  await ingest.batchTrackEvents({
    events: [0, 1, 2, 3].map((value) => ({
      namespace: value % 2 ? "b" : "a",
      name: `filtered ${value}`,
      category: `c${value % 2}`,
      sessionId: `s${value % 3}`,
      personId: `p${value}`,
      timestamp: at(value),
      value,
      data: { own },
    })),
  });
  await start.until(4);
  await live.until(expected.length);
  const caughtUp = await Watch.start(events, { ...filter, resumeToken: start.tokens[0]! });
  await caughtUp.until(expected.length);
  for (const { events } of [live, caughtUp]) {
    expect(events.map(({ value }) => value).toSorted()).toEqual(expected);
    expect(events.every(({ data }) => data?.own === own)).toBe(true);
  }
  for (const watch of [start, live, caughtUp]) await watch.stop();
});

test("each token resumes after its event: what was sent before and what comes after are the whole, in one order", async () => {
  const watch = await Watch.start(events, { name: "resumed" });
  const batch = Array.from({ length: 20 }, (_, value) => ({ name: "resumed", value }));
  // One after another: transactions that overlap may be sent in another order than they are read in later.
  for (const [from, to] of [
    [0, 5],
    [5, 13],
    [13, 20],
  ] as const) {
    await ingest.batchTrackEvents({ events: batch.slice(from, to) });
    await watch.until(to);
  }
  for (const [index, resumeToken] of watch.tokens.entries()) {
    const rest = await Watch.start(events, { name: "resumed", resumeToken });
    await rest.until(20 - index);
    expect(rest.events).toEqual(watch.events.slice(index));
    await rest.stop();
  }
  await watch.stop();
});

test("transactions are in the order of their numbers, also where a number gets another digit", async () => {
  const watch = await Watch.start(events, {});
  const [origin] = JSON.parse(Buffer.from(watch.tokens[0]!, "base64url").toString());
  await watch.stop();
  for (const xid of ["10", "9", "100"]) {
    await bed.query(
      `insert into ingest.events (id, "timestamp", namespace, name, value, receive_time, stored_xid)
       values ($1, '2019-01-01Z', 'n', 'digits', $2::text::float8, now(), $2::text::xid8)`,
      [randomUUID(), xid],
    );
  }
  const resumeToken = Buffer.from(JSON.stringify([origin, "9:9:"])).toString("base64url");
  const resumed = await Watch.start(events, { name: "digits", resumeToken });
  await resumed.until(3);
  expect(resumed.events.map(({ value }) => value)).toEqual([9, 10, 100]);
  await resumed.stop();
});

test("a watcher that resumes after its ingest was restarted has missed nothing", async () => {
  const watch = await Watch.start(events, { name: "restarted" });
  await ingest.trackEvent({ event: { name: "restarted", value: 1 } });
  await watch.until(1);
  const service = await bed.start("ingest");
  expect(await errorOf(watch.end)).toMatchObject({ code: status.UNAVAILABLE, reason: "SERVICE_UNAVAILABLE" });
  await eventually(() => ingest.trackEvent({ event: { name: "restarted", value: 2 } }));
  await service.stop("SIGKILL");
  await bed.start("ingest", { WATCHERS_MAX: "5" });
  await eventually(() => ingest.trackEvent({ event: { name: "restarted", value: 3 } }));
  const resumed = await Watch.start(events, { name: "restarted", resumeToken: watch.tokens.at(-1)! });
  await resumed.until(2);
  expect(resumed.events.map(({ value }) => value).toSorted()).toEqual([2, 3]);
  await resumed.stop();
});

test("an event that is changed after it was sent is not sent again, even with another time", async () => {
  const watch = await Watch.start(events, { name: "moved" });
  const { event } = await ingest.trackEvent({ event: { name: "moved", value: 1 } });
  await watch.until(1);
  const later = { id: event!.id, timestamp: at(0), value: 2 };
  await events.updateEvent({ event: later });
  await events.updateEvent({ event: { ...later, timestamp: event!.timestamp!, value: 3 } });
  const resumed = await Watch.start(events, { name: "moved", resumeToken: watch.tokens.at(-1)! });
  await ingest.trackEvent({ event: { name: "moved", value: 9 } });
  for (const one of [watch, resumed]) {
    await eventually(async () => (one.events.at(-1)?.value === 9 ? true : undefined));
    await one.stop();
  }
  expect(watch.events.map(({ value }) => value)).toEqual([1, 9]);
  expect(resumed.events.map(({ value }) => value)).toEqual([9]);
});

test("partitions that are made after the migration note who stored an event and when, and are read by an index", async () => {
  const { event } = await ingest.trackEvent({ event: { name: "partitioned", timestamp: at(1) } });
  await eventually(() => events.getEvent({ id: event!.id }));
  // Where the partition cannot be made at once it goes through the default one.
  await eventually(async () => {
    const [stored] = await bed.query(
      `select tableoid::regclass::text as partition, stored_xid is not null as xid, store_time is not null as time
       from ingest.events where id = $1`,
      [event!.id],
    );
    expect(stored).toEqual({ partition: "ingest.events_2026_01", xid: true, time: true });
    return true;
  });
  const indexes = await bed.query(
    "select from pg_indexes where tablename = 'events_2026_01' and indexdef like '%(stored_xid)%'",
  );
  expect(indexes).toHaveLength(1);
});

test("one watcher too many is told when to come again, and the place of one that left is free", async () => {
  await untilNobodyWatches();
  const watches = await Promise.all(Array.from({ length: 5 }, () => Watch.start(events, {})));
  const error = await errorOf(Watch.start(events, {}));
  expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: "TOO_MANY_WATCHERS" });
  expect(error.retryAfterSeconds).toBeGreaterThan(0);
  await watches[0]!.stop();
  const another = await eventually(() => Watch.start(events, {}));
  for (const watch of [another, ...watches.slice(1)]) await watch.stop();
  await untilNobodyWatches();
});

test("a watcher that does not read is cut off and resumes without loss, while others and all senders go on", async () => {
  const slow = events.watchEvents({ name: "much" })[Symbol.asyncIterator]();
  await slow.next();
  const other = await Watch.start(events, { name: "much" });
  // More than the connection, the stream and the watch take in together.
  const batch = Array.from({ length: 30 }, () => ({ name: "much", data: { text: "x".repeat(30_000) } }));
  const cutOffBefore = await metric("ocellus_watchers_cut_off_total");
  let accepted = 0;
  while ((await metric("ocellus_watchers_cut_off_total")) === cutOffBefore && accepted < 3000) {
    const { results } = await ingest.batchTrackEvents({ events: batch });
    accepted += results.filter(({ result }) => result.case === "accepted").length;
    await other.until(accepted);
  }
  expect(accepted).toBeLessThan(3000);
  const received: string[] = [];
  let resumeToken = "";
  const error = await errorOf(
    (async () => {
      for (let next = await slow.next(); !next.done; next = await slow.next()) {
        received.push(next.value.event!.id);
        resumeToken = next.value.resumeToken;
      }
    })(),
  );
  expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: "WATCHER_TOO_SLOW" });
  const rest = await Watch.start(events, { name: "much", resumeToken });
  await rest.until(accepted - received.length);
  expect([...received, ...rest.events.map(({ id }) => id)]).toEqual(other.events.map(({ id }) => id));
  await rest.stop();
  await other.stop();
});

test.each(["x", "", "[]", '["a","1:1:"]', '["a",1]'])("the token made of %j is refused", async (text) => {
  const resumeToken = text === "" ? "%%%" : Buffer.from(text).toString("base64url");
  const error = await errorOf(Watch.start(events, { resumeToken }));
  expect(error).toMatchObject({
    code: status.INVALID_ARGUMENT,
    reason: "INVALID_RESUME_TOKEN",
    fields: ["resume_token"],
  });
});

test("a token is refused where it is from a later time than the database, or was tampered with", async () => {
  const watch = await Watch.start(events, {});
  const parts: string[] = JSON.parse(Buffer.from(watch.tokens[0]!, "base64url").toString());
  await watch.stop();
  const [origin, snapshot] = parts as [string, string];
  const id = "01890a5d-ac96-774b-bcce-b302099a8057";
  for (const tampered of [
    [origin, "99999999999:99999999999:"],
    ["other", snapshot],
    [origin, "9:5:"],
    [origin, "5:9:7,6"],
    [origin, "5:9:9"],
    [origin, "0:9:"],
    [origin, snapshot, "99999999999:99999999999:", "1", id],
    [origin, snapshot, snapshot, "99999999999", id],
    [origin, snapshot, snapshot, "5", "no id"],
    [origin, snapshot, snapshot, "5", id, "soon"],
    [origin, snapshot, snapshot, "5", id, "0", "more"],
  ]) {
    const resumeToken = Buffer.from(JSON.stringify(tampered)).toString("base64url");
    expect(await errorOf(Watch.start(events, { resumeToken }))).toMatchObject({ reason: "INVALID_RESUME_TOKEN" });
  }
});

test("filters that no event could match are refused, all in one answer", async () => {
  const error = await errorOf(Watch.start(events, { name: "", category: "x".repeat(256) }));
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ["name", "category"] });
});

const untilNobodyWatches = () => eventually(async () => ((await metric("ocellus_watchers")) === 0 ? true : undefined));

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${bed.ports.ingestHealth}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
}
