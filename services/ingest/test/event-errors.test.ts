import { toBinary } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { ErrorStage, EventErrorService, Transport } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let events: ServiceClient<typeof EventService>;
let errors: ServiceClient<typeof EventErrorService>;
let gatewayErrors: ServiceClient<typeof EventErrorService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest"]);
  ingest = bed.client("ingest", IngestService);
  events = bed.client("ingest", EventService);
  errors = bed.client("ingest", EventErrorService);
  gatewayErrors = bed.client("ingest", EventErrorService, "gateway");
});
afterAll(() => bed.stop());

/** The errors of a namespace, newest first, once there are so many. */
const untilKept = (namespace: string, count: number) =>
  eventually(async () => {
    const { eventErrors } = await errors.listEventErrors({ namespace, pageSize: 1000 });
    expect(eventErrors.length).toBeLessThanOrEqual(count);
    return eventErrors.length === count ? eventErrors : undefined;
  });

const sentBytes = async (id: string) => (await errors.getEventError({ id })).eventError!.rawPayload;
const sentJson = async (id: string) => JSON.parse(Buffer.from(await sentBytes(id)).toString());

async function refuse(event: { namespace: string; [field: string]: unknown }): Promise<void> {
  await errorOf(ingest.trackEvent({ event }));
}

test("an event that the door refuses is kept with what was sent, every reason, and who sent it", async () => {
  const event = { namespace: "door", name: "", category: "", value: Number.NaN, data: { a: [1, null, "x"] } };
  const refusal = await errorOf(ingest.trackEvent({ event }));
  const [kept] = await untilKept("door", 1);
  expect(kept).toMatchObject({
    stage: ErrorStage.DOOR,
    status: { code: status.INVALID_ARGUMENT, message: refusal.message },
    event: { namespace: "door", data: event.data },
    namespace: "door",
    source: { transport: Transport.GRPC, peer: "developer", address: "127.0.0.1" },
    replayedEventId: "",
  });
  expect(await sentJson(kept!.id)).toEqual({ namespace: "door", category: "", value: "NaN", data: event.data });
  expect(kept!.payloadSize).toBe(BigInt((await sentBytes(kept!.id)).length));
  expect(Math.abs(timestampDate(kept!.createTime!).getTime() - Date.now())).toBeLessThan(60_000);
});

test("of a batch each refused event is an error of its own, and the others are none", async () => {
  const namespace = "batch";
  await ingest.batchTrackEvents({
    events: [
      { namespace, name: "good" },
      { namespace, name: "n".repeat(151) },
      { namespace, name: "bad", id: "7" },
    ],
  });
  const kept = await untilKept(namespace, 2);
  expect(kept.map(({ name }) => name).sort()).toEqual(["bad", "n".repeat(151)]);
  const { eventErrors } = await errors.listEventErrors({ namespace, field: "id" });
  expect(eventErrors.map(({ name }) => name)).toEqual(["bad"]);
});

test("an event of a stream that is refused is kept", async () => {
  async function* batches() {
    yield { events: [{ namespace: "stream", name: "good" }, { namespace: "stream" }] };
  }
  for await (const { results } of ingest.streamEvents(batches())) expect(results).toHaveLength(2);
  await untilKept("stream", 1);
});

test("a request that is refused whole is one error with as much of it as is kept, and without an event", async () => {
  const since = timestampFromDate(new Date());
  const large = Array.from({ length: 160 }, () => ({ name: "much", data: { a: "x".repeat(27_000) } }));
  await errorOf(ingest.batchTrackEvents({ events: large }));
  await errorOf(ingest.trackEvent({}));
  const kept = await eventually(async () => {
    const { eventErrors } = await errors.listEventErrors({ createTimeMin: since, reason: ErrorReason.INVALID_REQUEST });
    return eventErrors.length === 2 ? eventErrors : undefined;
  });
  const [none, much] = kept;
  expect(none).toMatchObject({ payload: { kind: { case: "structValue" } } });
  expect(much).toMatchObject({ payload: { kind: { case: "stringValue" } } });
  expect([none!.event, much!.event]).toEqual([undefined, undefined]);
  expect(Number(much!.payloadSize)).toBeGreaterThan(4 * 1024 * 1024);
  expect(await sentBytes(much!.id)).toHaveLength(512 * 1024);
});

test("an event that has no JSON is kept without the event, and can be listed", async () => {
  await refuse({ namespace: "no json", name: "a\0b", timestamp: { seconds: 10n ** 15n }, data: { x: Number.NaN } });
  const [kept] = await untilKept("no json", 1);
  expect([kept!.event, kept!.name]).toEqual([undefined, "a\ufffdb"]);
  expect(await sentJson(kept!.id)).toMatchObject({ name: "a\0b", timestamp: { nanos: 0 }, data: { x: "NaN" } });
});

test("what is recorded for another door is kept as it was sent, whatever it is, and is answered", async () => {
  const refusal = toStatus(invalidArgument([{ field: "[3].na\0me\ud800", description: "must not\0" }]));
  const sent = [
    Buffer.from([0xff, 0x00, 0xfe]),
    Buffer.from('{"a":"\\ud800\\u0000","b":1e400,"__proto__":{"c":1}}'),
    Buffer.from("[".repeat(5000) + "]".repeat(5000)),
    Buffer.from(`[${"1,".repeat(262_000)}1]`),
    Buffer.from(""),
    Buffer.alloc(600_000, 0xff),
  ];
  await gatewayErrors.recordEventErrors({
    eventErrors: sent.map((rawPayload) => ({
      status: refusal,
      rawPayload,
      namespace: "recorded\0",
      source: { transport: Transport.REST, address: "192.0.2.1" },
    })),
  });
  const namespace = "recorded\ufffd";
  const kept = await eventually(async () => {
    const found = [];
    for (let pageToken = ""; ; ) {
      const page = await errors.listEventErrors({ namespace, pageToken });
      found.push(...page.eventErrors);
      pageToken = page.nextPageToken;
      if (pageToken === "") return found.length === sent.length ? found : undefined;
    }
  });
  const raw = await Promise.all(kept.map(({ id }) => sentBytes(id)));
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  expect(raw.map(hex).sort()).toEqual(sent.map((bytes) => hex(bytes.subarray(0, 512 * 1024))).sort());
  expect(kept[0]!.source).toMatchObject({ transport: Transport.REST, peer: "gateway", address: "192.0.2.1" });
});

test("what is recorded without a refusal is refused", async () => {
  expect(await errorOf(gatewayErrors.recordEventErrors({ eventErrors: [{}] }))).toMatchObject({
    fields: ["event_errors[0].status"],
  });
  expect(await errorOf(gatewayErrors.recordEventErrors({}))).toMatchObject({ fields: ["event_errors"] });
});

test("an error lists by every filter, and its pages are the whole", async () => {
  const namespace = "filters";
  for (let index = 0; index < 40; index++) {
    await refuse(index % 2 ? { namespace, name: "", value: index } : { namespace, name: "ok", id: "1", value: index });
  }
  const all = await untilKept(namespace, 40);
  const paged: string[] = [];
  for (let pageToken = ""; ; ) {
    const page = await errors.listEventErrors({ namespace, pageSize: 18, pageToken });
    expect(page.eventErrors.length).toBeLessThanOrEqual(18);
    paged.push(...page.eventErrors.map(({ id }) => id));
    pageToken = page.nextPageToken;
    if (pageToken === "") break;
  }
  expect(paged).toEqual(all.map(({ id }) => id));
  const count = async (filter: object) =>
    (await errors.listEventErrors({ namespace, pageSize: 1000, ...filter })).eventErrors.length;
  const middle = all[19]!.createTime!;
  const newer = all.filter(({ createTime }) => timestampDate(createTime!) >= timestampDate(middle)).length;
  expect(await count({ field: "name" })).toBe(20);
  expect(await count({ field: "event.name" })).toBe(0);
  expect(await count({ reason: ErrorReason.INVALID_EVENT })).toBe(40);
  expect(await count({ reason: ErrorReason.MALFORMED_BODY })).toBe(0);
  expect(await count({ stage: ErrorStage.STORING })).toBe(0);
  expect(await count({ createTimeMin: middle })).toBe(newer);
  expect(await count({ createTimeMax: middle, createTimeMin: middle })).toBeGreaterThan(0);
  expect(await count({ replayed: true })).toBe(0);
  expect(await count({ replayed: false })).toBe(40);
});

test("a list refuses what no error could have, all of it at once, and the token of another list", async () => {
  const reason = 999 as ErrorReason;
  const stage = 9 as ErrorStage;
  const error = await errorOf(errors.listEventErrors({ namespace: "", field: "", reason, stage, pageSize: -1 }));
  expect(error.fields).toEqual(["namespace", "field", "reason", "stage", "page_size"]);
  const { nextPageToken: pageToken } = await errors.listEventErrors({ namespace: "filters", pageSize: 1 });
  expect(await errorOf(errors.listEventErrors({ namespace: "filters", field: "id", pageToken }))).toMatchObject({
    reason: "INVALID_PAGE_TOKEN",
  });
});

test("an error that is deleted is gone", async () => {
  await refuse({ namespace: "deleting" });
  const [{ id } = { id: "" }] = await untilKept("deleting", 1);
  await errors.deleteEventError({ id });
  for (const call of [
    errors.getEventError({ id }),
    errors.deleteEventError({ id }),
    errors.replayEventErrors({ id }),
  ]) {
    expect(await errorOf(call)).toMatchObject({ code: status.NOT_FOUND, reason: "EVENT_ERROR_NOT_FOUND" });
  }
  expect(await errorOf(errors.getEventError({ id: "1" }))).toMatchObject({ fields: ["id"] });
});

const storedIn = async (namespace: string) => (await events.listEvents({ namespace })).events;
const untilStored = (namespace: string, count: number) =>
  eventually(async () => {
    const stored = await storedIn(namespace);
    return stored.length === count ? stored : undefined;
  });

test("a corrected event is stored once, however often it is replayed", async () => {
  const namespace = "corrected";
  await refuse({ namespace, name: "" });
  const [{ id, createTime } = { id: "", createTime: undefined }] = await untilKept(namespace, 1);
  const event = { namespace, name: "mended" };

  const dry = await errors.replayEventErrors({ id, event, dryRun: true });
  expect(dry.results).toMatchObject([{ id, result: { case: "accepted", value: { id } } }]);
  expect((await errors.getEventError({ id })).eventError!.replayTime).toBeUndefined();

  const first = await errors.replayEventErrors({ id, event });
  expect(first.results).toMatchObject([{ id, result: { case: "accepted", value: { id, timestamp: createTime } } }]);
  const second = await errors.replayEventErrors({ id, event: { ...event, name: "mended otherwise" } });
  expect(second).toEqual(first);
  // A crash after the event was accepted, and before that was noted.
  await bed.query("update ingest.event_errors set replay_time = null where id = $1", [id]);
  await errors.replayEventErrors({ id, event });
  await ingest.trackEvent({ event: { namespace, name: "after" } });
  const stored = await untilStored(namespace, 2);
  expect(stored.map(({ name }) => name).sort()).toEqual(["after", "mended"]);
  expect((await errors.getEventError({ id })).eventError).toMatchObject({ replayedEventId: id });
  expect((await errors.getEventError({ id })).eventError!.replayTime).toBeDefined();
});

test("what was refused for its time alone is accepted once that has come, by a filter, and what is wrong still stays", async () => {
  const namespace = "by filter";
  // Far enough ahead that a slow machine, too, sends all of them before their time.
  const soon = timestampFromDate(new Date(Date.now() + 308_000));
  for (let index = 0; index < 20; index++) {
    await refuse({ namespace, name: "early", sessionId: `s${index}`, timestamp: soon });
    await refuse({ namespace, name: "" });
  }
  await untilKept(namespace, 40);
  await eventually(async () => (Date.now() > timestampDate(soon).getTime() - 299_000 ? true : undefined));

  const outcomes = { accepted: 0, refused: 0 };
  let pages = 0;
  for (let pageToken = ""; pages < 10; pages++) {
    const page = await errors.replayEventErrors({ namespace, pageSize: 18, pageToken });
    for (const { result } of page.results) outcomes[result.case!]++;
    pageToken = page.nextPageToken;
    if (pageToken === "") break;
  }
  expect(outcomes).toEqual({ accepted: 20, refused: 20 });
  expect(pages).toBe(2);
  await untilStored(namespace, 20);
  expect((await errors.listEventErrors({ namespace, replayed: true })).eventErrors).toHaveLength(20);
  const { results } = await errors.replayEventErrors({ namespace, dryRun: true });
  expect(results.map(({ result }) => result.case)).toEqual(Array(20).fill("refused"));
});

test("an event of a session is the same one when its sender tries again after the replay", async () => {
  const namespace = "again";
  const event = { namespace, name: "try", sessionId: "s", timestamp: timestampFromDate(new Date("2026-01-01")) };
  await refuse({ ...event, category: "" });
  const [{ id } = { id: "" }] = await untilKept(namespace, 1);
  const { results } = await errors.replayEventErrors({ id, event });
  const { event: sent } = await ingest.trackEvent({ event });
  expect(results).toMatchObject([{ result: { value: { id: sent!.id } } }]);
});

test("many who replay one error at once make one event", async () => {
  const namespace = "at once";
  await refuse({ namespace, name: "" });
  const [{ id } = { id: "" }] = await untilKept(namespace, 1);
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      errors.replayEventErrors({ id, event: { namespace, name: "one", sessionId: "s", value: index } }),
    ),
  );
  const ids = answers.flatMap(({ results }) => results.map(({ result }) => (result.value as { id: string }).id));
  expect(new Set(ids).size).toBe(1);
});

test("what cannot be read as an event is replayed with a corrected event alone", async () => {
  const namespace = "unreadable";
  const eventErrors = [{ status: toStatus(invalidArgument([])), rawPayload: Buffer.from("{"), namespace }];
  await gatewayErrors.recordEventErrors({ eventErrors });
  const [{ id } = { id: "" }] = await untilKept(namespace, 1);
  const { results } = await errors.replayEventErrors({ id });
  expect(results).toMatchObject([{ result: { case: "refused", value: { code: status.FAILED_PRECONDITION } } }]);
  await errors.replayEventErrors({ id, event: { namespace, name: "mended" } });
  await untilStored(namespace, 1);
});

test("a replay is either of one error or of those of a filter", async () => {
  const id = "0198f2a4-6f3e-7cc0-8d3b-5a1f6e2b9c10";
  const error = await errorOf(errors.replayEventErrors({ id, namespace: "x", pageSize: 5 }));
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ["namespace", "page_size"] });
  expect(await errorOf(errors.replayEventErrors({ event: { name: "n" } }))).toMatchObject({ fields: ["event"] });
});

test("who is not the gateway cannot tell another source, nor that a refusal is kept elsewhere", async () => {
  const metadata = {
    "ocellus-transport": "REST",
    "ocellus-address": "192.0.2.9",
    "ocellus-refusals": "kept-by-caller",
  };
  await errorOf(ingest.trackEvent({ event: { namespace: "liar", name: "" } }, { metadata }));
  const [kept] = await untilKept("liar", 1);
  expect(kept!.source).toMatchObject({ transport: Transport.GRPC, peer: "developer", address: "127.0.0.1" });
});

test("an event that PostgreSQL refuses is kept with what PostgreSQL said, and is replayed once it takes it", async () => {
  await bed.query(`alter table ingest.events add constraint no_poison check (name <> 'poison')`);
  const { event } = await ingest.trackEvent({ event: { namespace: "poisoned", name: "poison" } });
  const [kept] = await untilKept("poisoned", 1);
  expect(kept).toMatchObject({
    stage: ErrorStage.STORING,
    status: { message: expect.stringContaining("no_poison") },
    event: { id: event!.id, name: "poison" },
  });
  const { eventErrors } = await errors.listEventErrors({
    reason: ErrorReason.EVENT_NOT_STORABLE,
    stage: ErrorStage.STORING,
  });
  expect(eventErrors.map(({ id }) => id)).toEqual([kept!.id]);
  await errors.replayEventErrors({ id: kept!.id });
  // Accepted, and refused by PostgreSQL again: that is another error.
  await untilKept("poisoned", 2);
  await bed.query("alter table ingest.events drop constraint no_poison");
  await errors.replayEventErrors({ namespace: "poisoned" });
  const [stored] = await untilStored("poisoned", 1);
  expect(stored!.id).toBe(event!.id);
});

test("an error that an earlier version kept is answered", async () => {
  const id = "0198f2a4-6f3e-7cc0-8d3b-5a1f6e2b9c11";
  await bed.query("insert into ingest.event_errors (id, payload, message) values ($1, $2, 'no room')", [
    id,
    Buffer.from(toBinary(IngestService.method.trackEvent.input, { $typeName: "ocellus.ingest.v1.TrackEventRequest" })),
  ]);
  expect((await errors.getEventError({ id })).eventError).toMatchObject({
    stage: ErrorStage.STORING,
    status: { message: "no room" },
  });
});
