import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService, EventState, type EventStatus } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
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

const statusOf = async (id: string) => (await events.getEventStatus({ id })).eventStatus!;
const untilStatus = (id: string, isReached: (found: EventStatus) => boolean) =>
  eventually(async () => {
    const found = await statusOf(id);
    return isReached(found) ? found : undefined;
  });

/** Does the work while events can be read, and none can be stored. */
async function withoutStoring(work: () => Promise<void>): Promise<void> {
  await withConnection(bed.adminUrl, async (client) => {
    await client.query("begin; lock table ingest.events in share mode");
    await work();
    await client.query("commit");
  });
}

test("an event is accepted, then stored, then in its session and counted, as each service has it", async () => {
  let id = "";
  await withoutStoring(async () => {
    const { event } = await ingest.trackEvent({ event: { name: "n", personId: "ann" } });
    id = event!.id;
    expect(await statusOf(id)).toMatchObject({
      id,
      state: EventState.ACCEPTED,
      receiveTime: event!.receiveTime,
      timestamps: [event!.timestamp],
      sessionised: false,
      counted: false,
    });
    // The id of another event in its data is no sign of it.
    await ingest.trackEvent({ event: { name: "other", data: { id } } });
    expect((await statusOf(id)).timestamps).toEqual([event!.timestamp]);
  });
  const stored = await untilStatus(id, ({ state }) => state === EventState.STORED);
  expect(stored).toMatchObject({ sessionised: false, counted: false, sessionId: "" });
  expect(Number(stored.storeTime!.seconds)).toBeGreaterThanOrEqual(Number(stored.receiveTime!.seconds));
  await bed.start("aggregation");
  expect(await untilStatus(id, ({ counted }) => counted)).toMatchObject({ sessionised: false });
  const sessions = await bed.start("sessions");
  const done = await untilStatus(id.toUpperCase(), ({ sessionised }) => sessionised);
  expect(done).toMatchObject({ id, counted: true, state: EventState.STORED });
  const [session] = await bed.query<{ id: string }>("select id from sessions.sessions where person_id = 'ann'");
  expect(done.sessionId).toBe(session!.id);

  await sessions.stop();
  expect(await errorOf(statusOf(id))).toMatchObject({ code: status.UNAVAILABLE, reason: "SERVICE_UNAVAILABLE" });
  await bed.start("sessions");
});

test("an event that names its session is in it, and all events under one id are told of, the newest described", async () => {
  const id = randomUUID();
  const at = (day: number) => timestampFromDate(new Date(Date.UTC(2026, 0, day)));
  const batch = [2, 3, 1].map((day) => ({ id, name: "n", sessionId: `s${day}`, timestamp: at(day) }));
  await ingest.batchTrackEvents({ events: batch });
  const found = await untilStatus(id, ({ counted, sessionised }) => counted && sessionised);
  expect(found).toMatchObject({ sessionId: "s3", timestamps: [at(3), at(2), at(1)] });
});

test("an event without a session and a person is in none", async () => {
  const { event } = await ingest.trackEvent({ event: { name: "n" } });
  expect(await untilStatus(event!.id, ({ counted, sessionised }) => counted && sessionised)).toMatchObject({
    sessionId: "",
  });
});

test("an event that was deleted is known to be", async () => {
  const { event } = await ingest.trackEvent({ event: { name: "n" } });
  await untilStatus(event!.id, ({ state }) => state === EventState.STORED);
  await events.deleteEvent({ id: event!.id });
  // Its message may lie in the queue for a moment after it is stored.
  const found = await untilStatus(event!.id, ({ state }) => state !== EventState.ACCEPTED);
  expect(found).toMatchObject({ state: EventState.DELETED, timestamps: [], counted: false });
  expect(found.deleteTime).toBeDefined();
});

test("an event that was refused tells why, and where it is kept", async () => {
  const id = randomUUID();
  const error = await errorOf(ingest.trackEvent({ event: { id, name: "" } }));
  const found = await eventually(() => statusOf(id));
  expect(found).toMatchObject({ state: EventState.REFUSED, error: { code: error.code, message: error.message } });
  const [kept] = await bed.query<{ id: string }>("select id from ingest.event_errors where event_id = $1", [id]);
  expect(found.eventErrorId).toBe(kept!.id);
});

test("of an id that nobody sent nothing is known, and what is no id is refused", async () => {
  expect(await errorOf(statusOf(randomUUID()))).toMatchObject({ code: status.NOT_FOUND, reason: "EVENT_NOT_FOUND" });
  expect(await errorOf(statusOf("x"))).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ["id"] });
});

test("where more waits than can be searched it is said so, and not that there is no such event", async () => {
  await withoutStoring(async () => {
    const ids: string[] = [];
    // One after the other: those that come together share a message.
    for (let sent = 0; sent < 1200; sent++) {
      const { event } = await eventually(() => ingest.trackEvent({ event: { name: "waits" } }));
      ids.push(event!.id);
    }
    expect(await statusOf(ids.at(-1)!)).toMatchObject({ state: EventState.ACCEPTED });
    const error = await errorOf(statusOf(randomUUID()));
    expect(error).toMatchObject({ code: status.UNAVAILABLE, message: expect.stringMatching(/^12\d\d messages wait/) });
    expect(error.retryAfterSeconds).toBeGreaterThan(0);
  });
});
