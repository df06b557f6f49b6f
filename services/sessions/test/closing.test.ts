import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { type Session, SessionService, SessionState } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let events: ServiceClient<typeof EventService>;
let sessions: ServiceClient<typeof SessionService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions"], { SESSION_CLOSING: "doors-*=daily,*=idle" });
  ingest = bed.client("ingest", IngestService);
  events = bed.client("ingest", EventService);
  sessions = bed.client("sessions", SessionService);
});
afterAll(() => bed.stop());

const MIDNIGHT = new Date().setUTCHours(0, 0, 0, 0);
/** So many minutes after 00:00 UTC today; before it, where negative. */
const minutes = (count: number): Timestamp => timestampFromDate(new Date(MIDNIGHT + count * 60_000));

async function track(namespace: string, personId: string, times: number[]): Promise<void> {
  for (const time of times) {
    await ingest.trackEvent({ event: { namespace, name: "hit", personId, timestamp: minutes(time) } });
  }
}

/** A person's sessions once they hold `count` events together, oldest first. */
function sessionsOf(namespace: string, personId: string, count: number): Promise<Session[]> {
  return eventually(async () => {
    const { sessions: found } = await sessions.listSessions({ namespace, personId });
    const counted = found.reduce((sum, { eventCount }) => sum + Number(eventCount), 0);
    return counted === count ? found.reverse() : undefined;
  });
}

const { OPEN, CLOSED } = SessionState;
const states = (found: Session[]) => found.map(({ state }) => state);

test("the daily job closes the sessions that ended before midnight, and run twice it changes nothing", async () => {
  const namespace = "doors-1";
  await track(namespace, "noon", [-720, -690, -660]);
  await track(namespace, "past midnight", [-60, -30, 0]);
  await track(namespace, "at midnight", [0]);
  for (const [person, count] of [
    ["noon", 3],
    ["past midnight", 3],
    ["at midnight", 1],
  ] as const) {
    expect(states(await sessionsOf(namespace, person, count))).toEqual([OPEN]);
  }
  expect(await sessions.closeSessions({ namespace })).toMatchObject({ closedCount: 1n, before: minutes(0) });
  expect(await sessions.closeSessions({ namespace })).toMatchObject({ closedCount: 0n });
  expect(states(await sessionsOf(namespace, "noon", 3))).toEqual([CLOSED]);
  expect(states(await sessionsOf(namespace, "past midnight", 3))).toEqual([OPEN]);
  expect(states(await sessionsOf(namespace, "at midnight", 1))).toEqual([OPEN]);
});

test("a late event extends a closed session, and reopens it where it takes it past the time of closing", async () => {
  const namespace = "doors-2";
  await track(namespace, "ann", [-40]);
  await sessionsOf(namespace, "ann", 1);
  await sessions.closeSessions({ namespace });
  await track(namespace, "ann", [-20]);
  expect(states(await sessionsOf(namespace, "ann", 2))).toEqual([CLOSED]);
  await track(namespace, "ann", [0]);
  expect(states(await sessionsOf(namespace, "ann", 3))).toEqual([OPEN]);
});

test("sessions that the idle timeout closes are not closed again", async () => {
  await track("idle-1", "ann", [-720]);
  expect(states(await sessionsOf("idle-1", "ann", 1))).toEqual([CLOSED]);
  expect(await sessions.closeSessions({ namespace: "idle-1" })).toMatchObject({ closedCount: 0n });
});

test("a created session has no events until it is named by one, and is there again when they are deleted", async () => {
  const namespace = "created";
  const { session } = await sessions.createSession({ session: { namespace, personId: "ann" } });
  expect(session).toMatchObject({ namespace, personId: "ann", eventCount: 0n, entryEventId: "", state: OPEN });
  expect(session?.startTime).toBeUndefined();
  const { id } = session!;
  expect((await sessions.getSession({ id })).session).toEqual(session);

  const { event } = await ingest.trackEvent({
    event: { namespace, name: "hit", sessionId: id, timestamp: minutes(-9) },
  });
  await eventually(async () => ((await sessions.getSession({ id })).session?.eventCount === 1n ? true : undefined));
  const { session: extended } = await sessions.getSession({ id });
  expect(extended).toMatchObject({ personId: "ann", startTime: minutes(-9), endTime: minutes(-9) });

  await events.deleteEvent({ id: event!.id });
  await eventually(async () => ((await sessions.getSession({ id })).session?.eventCount === 0n ? true : undefined));
  expect((await sessions.getSession({ id })).session).toEqual(session);
});

test("a session can be created once, under any id", async () => {
  const asked = { session: { id: "my session", namespace: "created" } };
  expect((await sessions.createSession(asked)).session).toMatchObject(asked.session);
  expect(await errorOf(sessions.createSession(asked))).toMatchObject({
    code: status.ALREADY_EXISTS,
    reason: "SESSION_EXISTS",
  });
  const elsewhere = { session: { id: "my session", namespace: "created elsewhere" } };
  expect((await sessions.createSession(elsewhere)).session).toMatchObject(elsewhere.session);
});

test("a bad session is refused with every offending field", async () => {
  const bad = { session: { id: "i".repeat(256), namespace: "\0", personId: "" } };
  expect((await errorOf(sessions.createSession(bad))).fields).toEqual([
    "session.id",
    "session.namespace",
    "session.person_id",
  ]);
});
