import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let events: ServiceClient<typeof EventService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest"]);
  ingest = bed.client("ingest", IngestService);
  events = bed.client("ingest", EventService);
});
afterAll(() => bed.stop());

const storedEvent = (id: string) => eventually(async () => (await events.getEvent({ id })).event);

test("an accepted event is answered with its identity and is stored as it was sent", async () => {
  const sent = {
    namespace: "shop",
    name: "purchase",
    category: "order",
    sessionId: "s-1",
    personId: "ann",
    timestamp: timestampFromDate(new Date("2026-01-02T03:04:05.678Z")),
    value: 12.5,
    data: { items: [1, "two", null, { three: true }], ключ: "värde" },
  };
  const { event } = await ingest.trackEvent({ event: sent });
  expect(event).toMatchObject(sent);
  expect(event?.receiveTime).toBeDefined();
  expect(await storedEvent(event!.id)).toEqual(event);
});

test("an event with a name alone gets the default namespace, a new id and the time of receipt", async () => {
  const { event } = await ingest.trackEvent({ event: { name: "ping" } });
  expect(event).toMatchObject({ namespace: "default", name: "ping" });
  expect(event?.timestamp).toEqual(event?.receiveTime);
  const { event: another } = await ingest.trackEvent({ event: { name: "ping" } });
  expect(another?.id).not.toBe(event?.id);
});

test("what a client sends as output-only fields is ignored", async () => {
  const longAgo = timestampFromDate(new Date(0));
  const { event } = await ingest.trackEvent({ event: { name: "ping", receiveTime: longAgo, updateTime: longAgo } });
  expect(event?.receiveTime?.seconds).toBeGreaterThan(1_700_000_000n);
  expect(event?.updateTime).toBeUndefined();
});

test("the same event sent five times is stored once", async () => {
  const event = { id: randomUUID(), name: "once", timestamp: timestampFromDate(new Date()) };
  for (let i = 0; i < 5; i++) await ingest.trackEvent({ event });
  const marker = await ingest.trackEvent({ event: { name: "after the five" } });
  await storedEvent(marker.event!.id);
  const once = await eventually(async () => {
    const { events: found } = await events.listEvents({ name: "once" });
    return found.length > 0 ? found : undefined;
  });
  expect(once).toHaveLength(1);
});

test("a blind retry of an event with a session and a time is the same event, in any order of keys", async () => {
  const timestamp = timestampFromDate(new Date("2026-05-05T05:05:05Z"));
  const event = { name: "click", sessionId: "blind", timestamp };
  const first = await ingest.trackEvent({ event: { ...event, data: { a: 1, b: { c: 2, d: 3 } } } });
  const retry = await ingest.trackEvent({ event: { ...event, data: { b: { d: 3, c: 2 }, a: 1 } } });
  expect(retry.event?.id).toBe(first.event?.id);
  const data = { a: 1, b: { c: 2, d: 3 } };
  for (const difference of [
    { data: { a: 2 } },
    { data, value: 1 },
    { data, personId: "ann" },
    { data, category: "c" },
  ]) {
    const { event: other } = await ingest.trackEvent({ event: { ...event, ...difference } });
    expect(other?.id).not.toBe(first.event?.id);
    await storedEvent(other!.id);
  }
  expect((await events.listEvents({ sessionId: "blind" })).events).toHaveLength(5);
});

test("events of a batch are accepted or refused one by one", async () => {
  const { results } = await ingest.batchTrackEvents({
    events: [{ name: "good" }, { name: "" }, { name: "good too", value: Number.NaN }, { name: "good" }],
  });
  expect(results.map(({ result }) => result.case)).toEqual(["accepted", "refused", "refused", "accepted"]);
  const [, refused] = results;
  expect(refused?.result).toMatchObject({ value: { code: 3, message: "events[1].name: must not be empty" } });
  for (const { result } of results) {
    if (result.case === "accepted") expect(await storedEvent(result.value.id)).toMatchObject({ name: "good" });
  }
});

test("events from year 1 to now are kept to the microsecond", async () => {
  for (const [seconds, nanos] of [
    [-62_135_596_800n, 0],
    [0n, 1_999],
    [1_583_020_799n, 999_999_999],
  ] as const) {
    const { event } = await ingest.trackEvent({ event: { name: "old", timestamp: { seconds, nanos } } });
    const stored = await storedEvent(event!.id);
    expect(stored.timestamp).toMatchObject({ seconds, nanos: nanos - (nanos % 1000) });
  }
});

test("a batch whose events do not fit into one message of NATS is stored whole", async () => {
  const data = { text: "x".repeat(30_000) };
  const batch = Array.from({ length: 130 }, () => ({ name: "large", data }));
  const { results } = await ingest.batchTrackEvents({ events: batch });
  expect(results.filter(({ result }) => result.case === "accepted")).toHaveLength(130);
  await eventually(async () => {
    const stored = await bed.query("select from ingest.events where name = 'large'");
    return stored.length === 130 ? true : undefined;
  });
});

test("every batch of a stream is acknowledged in order, and refusals do not end it", async () => {
  async function* batches() {
    for (let batch = 0; batch < 40; batch++) yield { events: [{ name: "streamed", value: batch }, { name: "" }] };
  }
  const answers = await Array.fromAsync(ingest.streamEvents(batches()));
  expect(answers).toHaveLength(40);
  for (const { results } of answers) {
    expect(results.map(({ result }) => result.case)).toEqual(["accepted", "refused"]);
  }
  await eventually(async () => {
    const { events: stored } = await events.listEvents({ name: "streamed" });
    return stored.length === 40 ? stored : undefined;
  });
});

test("data 32 levels deep is stored, and is answered as deep", async () => {
  let data: { [key: string]: object | string } = { deepest: "yes" };
  for (let level = 1; level < 32; level++) data = { in: data };
  const { event } = await ingest.trackEvent({ event: { name: "deep", data: data as never } });
  expect((await storedEvent(event!.id)).data).toEqual(data);
});
