import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { AcceptedEventsSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { EVENTS } from "@ocellus/runtime/streams.ts";
import { connectOperator } from "@ocellus/suite/connect-operator.ts";
import { errorOf } from "../../../test/support/error-of.ts";
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

const at = (iso: string) => timestampFromDate(new Date(iso));
const full = {
  namespace: "shop",
  name: "click",
  category: "page",
  sessionId: "s",
  personId: "p",
  timestamp: at("2026-01-01T10:00:00Z"),
  value: 1,
  data: { a: 1 },
};

/** What is answered of it once it was changed. */
const answered = {
  ...full,
  $typeName: "ocellus.event.v1.Event",
  receiveTime: expect.anything(),
  updateTime: expect.anything(),
};

/** Tracks an event, waits until it is stored, and answers its id. */
async function stored(event: MessageInitShape<typeof EventSchema>): Promise<string> {
  const { event: accepted } = await ingest.trackEvent({ event: { id: randomUUID(), ...full, ...event } });
  await eventually(() => events.getEvent({ id: accepted!.id }));
  return accepted!.id;
}

test("a mask changes what it names, removes what it names and the event lacks, and leaves the rest", async () => {
  const id = await stored({});
  const { event } = await events.updateEvent({
    event: { id, name: "tap", value: 2 },
    updateMask: { paths: ["name", "category", "data"] },
  });
  expect(event).toEqual({ ...answered, id, name: "tap", category: undefined, data: undefined });
  expect((await events.getEvent({ id })).event).toEqual(event);
});

test("an empty mask changes what the event has; a star changes all but a timestamp that is left out", async () => {
  const id = await stored({});
  const { event: merged } = await events.updateEvent({ event: { id, personId: "q" } });
  expect(merged).toMatchObject({ ...full, id, personId: "q" });
  const { event: replaced } = await events.updateEvent({ event: { id, name: "all" }, updateMask: { paths: ["*"] } });
  const { $typeName, receiveTime, updateTime, timestamp } = answered;
  expect(replaced).toEqual({ $typeName, receiveTime, updateTime, timestamp, id, namespace: "default", name: "all" });
});

test("a change that breaks an event's limits is refused, and changes nothing", async () => {
  const id = await stored({});
  const before = (await events.getEvent({ id })).event;
  const error = await errorOf(events.updateEvent({ event: { id, value: Number.NaN, category: "" } }));
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ["event.category", "event.value"] });
  const nameless = events.updateEvent({ event: { id }, updateMask: { paths: ["name"] } });
  expect(await errorOf(nameless)).toMatchObject({ fields: ["event.name"] });
  const masked = events.updateEvent({ event: { id }, updateMask: { paths: ["id", "colour"] } });
  expect(await errorOf(masked)).toMatchObject({ fields: ["update_mask"] });
  expect((await events.getEvent({ id })).event).toEqual(before);
});

test("an event can be moved to another time, and is then there alone", async () => {
  const id = await stored({});
  const timestamp = at("2021-07-07T07:07:07Z");
  await events.updateEvent({ event: { id, timestamp } });
  const rows = await bed.query(`select "timestamp" from ingest.events where id = $1`, [id]);
  expect(rows).toEqual([{ timestamp: new Date("2021-07-07T07:07:07Z") }]);
});

test("an event cannot be moved to where its namesake is", async () => {
  const id = await stored({});
  await ingest.trackEvent({ event: { ...full, id, timestamp: at("2026-01-01T09:00:00Z") } });
  await eventually(async () => {
    const rows = await bed.query("select from ingest.events where id = $1", [id]);
    return rows.length === 2 ? true : undefined;
  });
  const moved = events.updateEvent({ event: { id, timestamp: at("2026-01-01T09:00:00Z") } });
  expect(await errorOf(moved)).toMatchObject({ code: status.ALREADY_EXISTS, reason: "EVENT_EXISTS" });
});

test("a deleted event is gone, and cannot be deleted or changed again", async () => {
  const id = await stored({});
  await events.deleteEvent({ id });
  for (const call of [
    () => events.getEvent({ id }),
    () => events.deleteEvent({ id }),
    () => events.updateEvent({ event: { id } }),
  ]) {
    expect(await errorOf(call())).toMatchObject({ code: status.NOT_FOUND, reason: "EVENT_NOT_FOUND" });
  }
});

test("a deleted event does not come back with a redelivery, and does when it is sent anew", async () => {
  const id = await stored({});
  await events.deleteEvent({ id });
  const nats = await connectOperator(bed.nats.url, bed.certificates);
  const longAgo = {
    events: [
      { id, ...full },
      { ...full, id: randomUUID(), name: "marker" },
    ],
    receiveTime: full.timestamp,
  };
  await nats.jetstream().publish(EVENTS.subject, encode(AcceptedEventsSchema, longAgo));
  await nats.close();
  await eventually(async () => ((await events.listEvents({ name: "marker" })).events.length === 1 ? true : undefined));
  expect(await errorOf(events.getEvent({ id }))).toMatchObject({ code: status.NOT_FOUND });
  await ingest.trackEvent({ event: { id, ...full } });
  expect((await eventually(() => events.getEvent({ id }))).event).toMatchObject(full);
});

test("updates of one event at once land one after the other, each whole", async () => {
  const id = await stored({});
  const updates = Array.from({ length: 30 }, (_, n) =>
    events.updateEvent({ event: { id, name: `n${n}`, category: `n${n}`, personId: `n${n}`, data: { n } } }),
  );
  for (const { event } of await Promise.all(updates)) expect(event?.category).toBe(event?.name);
  const { event } = await events.getEvent({ id });
  expect([event?.category, event?.personId, `n${event?.data?.n}`]).toEqual([event?.name, event?.name, event?.name]);
});

test("updates that move one event between months at once land one after the other", async () => {
  const id = await stored({});
  const updates = Array.from({ length: 12 }, (_, month) =>
    events.updateEvent({
      event: { id, name: `m${month}`, timestamp: timestampFromDate(new Date(Date.UTC(2025, month, 5))) },
    }),
  );
  for (const { event } of await Promise.all(updates)) {
    const { seconds = 0n } = event?.timestamp ?? {};
    expect(event?.name).toBe(`m${new Date(Number(seconds) * 1000).getUTCMonth()}`);
  }
  const rows = await bed.query("select from ingest.events where id = $1", [id]);
  expect(rows).toHaveLength(1);
});
