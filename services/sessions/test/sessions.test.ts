import { randomUUID } from "node:crypto";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ChangeType, EventChangesSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { type Session, SessionService, SessionState } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import { EARLIEST, nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import { connectOperator } from "@ocellus/suite/connect-operator.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let sessions: ServiceClient<typeof SessionService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions"]);
  ingest = bed.client("ingest", IngestService);
  sessions = bed.client("sessions", SessionService);
});
afterAll(() => bed.stop());

const at = (time: string) => timestampFromDate(new Date(`2026-03-01T${time}Z`));
const timeOf = (time: Session["startTime"]) => (time ? timestampDate(time).toISOString().slice(11, 19) : "");

/** Tracks one event after another, each in a request of its own, and answers their ids. */
async function track(namespace: string, events: { time: string; personId?: string; sessionId?: string }[]) {
  const ids: string[] = [];
  for (const { time, ...rest } of events) {
    const { event } = await ingest.trackEvent({ event: { namespace, name: "hit", timestamp: at(time), ...rest } });
    ids.push(event!.id);
  }
  return ids;
}

/** The sessions of a namespace once they hold `count` events together, oldest first. */
function sessionsOf(namespace: string, count: number): Promise<Session[]> {
  return eventually(async () => {
    const { sessions: found } = await sessions.listSessions({ namespace });
    const counted = found.reduce((sum, { eventCount }) => sum + Number(eventCount), 0);
    expect(counted).toBeLessThanOrEqual(count);
    return counted === count ? found.reverse() : undefined;
  });
}

const shape = (found: Session[]) =>
  found.map(({ startTime, endTime, eventCount }) => [timeOf(startTime), timeOf(endTime), Number(eventCount)]);

test("events that name a session are in it, whoever's they are and however far apart", async () => {
  const ids = await track("named", [
    { time: "10:00:00", sessionId: "a b/ç" },
    { time: "09:00:00", sessionId: "a b/ç", personId: "late" },
    { time: "20:00:00", sessionId: "a b/ç", personId: "later" },
  ]);
  await sessionsOf("named", 3);
  const { session } = await sessions.getSession({ id: "a b/ç" });
  expect(session).toMatchObject({
    id: "a b/ç",
    namespace: "named",
    personId: "late",
    eventCount: 3n,
    entryEventId: ids[1],
    exitEventId: ids[2],
    state: SessionState.CLOSED,
  });
  expect([timeOf(session?.startTime), timeOf(session?.endTime)]).toEqual(["09:00:00", "20:00:00"]);
});

test("a person's events within the idle timeout are one session, inclusive", async () => {
  const personId = "ann";
  await track("idle", [
    { time: "10:00:00", personId },
    { time: "10:30:00", personId },
    { time: "11:00:01", personId },
  ]);
  expect(shape(await sessionsOf("idle", 3))).toEqual([
    ["10:00:00", "10:30:00", 2],
    ["11:00:01", "11:00:01", 1],
  ]);
});

test("late events extend and join sessions as if they had come in order, and the joined id still answers", async () => {
  const personId = "ann";
  await track("late", [
    { time: "12:00:00", personId },
    { time: "10:00:00", personId },
    { time: "11:00:00", personId },
  ]);
  const before = await sessionsOf("late", 3);
  expect(before).toHaveLength(3);
  await track("late", [
    { time: "11:30:00", personId },
    { time: "10:30:00", personId },
    { time: "09:40:00", personId },
  ]);
  const [joined, ...others] = await sessionsOf("late", 6);
  expect(others).toEqual([]);
  expect(shape([joined!])).toEqual([["09:40:00", "12:00:00", 6]]);
  for (const { id } of before) expect((await sessions.getSession({ id })).session?.id).toBe(joined?.id);
});

test.each([
  ["first", EARLIEST],
  ["present", nowMicros()],
])("two events of a person at the %s time that there is are one session", async (when, time) => {
  const namespace = `ends-${when}`;
  for (let index = 0; index < 2; index++) {
    const event = { id: randomUUID(), namespace, name: "hit", personId: "ann", timestamp: timestampOf(time) };
    await ingest.trackEvent({ event });
  }
  const [session, ...others] = await sessionsOf(namespace, 2);
  expect(others).toEqual([]);
  expect(session).toMatchObject({ startTime: timestampOf(time), endTime: timestampOf(time), eventCount: 2n });
});

test("persons, and the same person in two namespaces, have sessions of their own", async () => {
  await track("own-1", [
    { time: "10:00:00", personId: "ann" },
    { time: "10:00:01", personId: "bob" },
  ]);
  await track("own-2", [{ time: "10:00:00", personId: "ann" }]);
  expect(shape(await sessionsOf("own-1", 2))).toHaveLength(2);
  expect(shape(await sessionsOf("own-2", 1))).toHaveLength(1);
  const { sessions: bobs } = await sessions.listSessions({ namespace: "own-1", personId: "bob" });
  expect(bobs.map(({ personId }) => personId)).toEqual(["bob"]);
});

test("an event without a session and a person is in none", async () => {
  await track("none", [{ time: "10:00:00" }, { time: "10:00:00", sessionId: "some" }]);
  expect((await sessionsOf("none", 1)).map(({ id }) => id)).toEqual(["some"]);
});

test("a session whose last event is recent is open", async () => {
  await ingest.trackEvent({ event: { namespace: "open", name: "hit", personId: "ann" } });
  const [session] = await sessionsOf("open", 1);
  expect(session?.state).toBe(SessionState.OPEN);
});

test("a change that is announced twice counts once", async () => {
  const nats = await connectOperator(bed.nats.url, bed.certificates);
  const id = randomUUID();
  const change = (eventId: string, messageId: string) =>
    encode(EventChangesSchema, {
      id: messageId,
      changes: [
        {
          type: ChangeType.STORED,
          eventId,
          namespace: "twice",
          name: "hit",
          sessionId: "s",
          timestamp: at("10:00:00"),
        },
      ],
    });
  const publish = (payload: Buffer) => nats.jetstream().publish(EVENT_CHANGES.subject, payload);
  const eventId = randomUUID();
  for (let i = 0; i < 3; i++) await publish(change(eventId, id));
  await publish(change(randomUUID(), randomUUID()));
  await nats.close();
  const [session] = await sessionsOf("twice", 2);
  expect(session?.eventCount).toBe(2n);
});

test("one id in two namespaces asks for the namespace", async () => {
  await track("both-1", [{ time: "10:00:00", sessionId: "shared" }]);
  await track("both-2", [{ time: "10:00:00", sessionId: "shared" }]);
  await sessionsOf("both-1", 1);
  await sessionsOf("both-2", 1);
  const error = await errorOf(sessions.getSession({ id: "shared" }));
  expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, reason: "SESSION_AMBIGUOUS" });
  expect(error.message).toContain("both-2");
  const { session } = await sessions.getSession({ id: "shared", namespace: "both-2" });
  expect(session?.namespace).toBe("both-2");
});

test("a session that is not there is not found, and an empty id is refused", async () => {
  expect(await errorOf(sessions.getSession({ id: "nobody's" }))).toMatchObject({
    code: status.NOT_FOUND,
    reason: "SESSION_NOT_FOUND",
  });
  expect(await errorOf(sessions.getSession({}))).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ["id"] });
});

test("the pages of a list are the whole, and its bounds are inclusive", async () => {
  const times = ["10:00:00", "10:00:00", "11:00:00", "12:00:00", "12:00:00"];
  await track(
    "pages",
    times.map((time, index) => ({ time, sessionId: `s${index}` })),
  );
  await sessionsOf("pages", 5);
  const ids: string[] = [];
  for (let pageToken = ""; ; ) {
    const page = await sessions.listSessions({ namespace: "pages", pageSize: 2, pageToken });
    ids.push(...page.sessions.map(({ id }) => id));
    pageToken = page.nextPageToken;
    if (pageToken === "") break;
  }
  expect(ids).toEqual(["s4", "s3", "s2", "s1", "s0"]);
  const { sessions: bounded } = await sessions.listSessions({
    namespace: "pages",
    startTimeMin: at("11:00:00"),
    startTimeMax: at("12:00:00"),
  });
  expect(bounded.map(({ id }) => id)).toEqual(["s4", "s3", "s2"]);
});

test("random events in random order and batches make the sessions of a recount in SQL", async () => {
  const namespace = "random";
  const persons = 5;
  const events = Array.from({ length: 400 }, (_, index) => ({
    namespace,
    name: "hit",
    personId: `p${index % persons}`,
    timestamp: timestampFromDate(new Date(Date.UTC(2026, 5, 1) + ((index * 7919) % 400) * 12 * 60_000)),
  }));
  for (let start = 0; start < events.length; start += 23) {
    await ingest.batchTrackEvents({ events: events.slice(start, start + 23) });
  }
  await eventually(async () => {
    const [row] = await bed.query<{ sum: string }>(
      "select sum(event_count) from sessions.sessions where namespace = $1",
      [namespace],
    );
    return row?.sum === "400" ? true : undefined;
  });
  const recount = await bed.query(
    `with marked as (
       select person_id, id, "timestamp" as t,
         ("timestamp" - lag("timestamp") over (partition by person_id order by "timestamp", id)
           <= interval '30 minutes') is not true as starts
       from ingest.events where namespace = $1
     ), numbered as (
       select *, count(*) filter (where starts) over (partition by person_id order by t, id) as run from marked
     )
     select person_id, min(t) as start_time, max(t) as end_time, count(*) as event_count,
       (array_agg(id order by t, id))[1] as entry_event_id, (array_agg(id order by t desc, id desc))[1] as exit_event_id
     from numbered group by person_id, run order by person_id, start_time`,
    [namespace],
  );
  const kept = await bed.query(
    `select person_id, start_time, end_time, event_count, entry_event_id, exit_event_id
     from sessions.sessions where namespace = $1 order by person_id, start_time`,
    [namespace],
  );
  expect(recount.length).toBeGreaterThan(persons);
  expect(kept).toEqual(recount);
});

test("a backlog of events of many thousands of persons is folded whole", async () => {
  const persons = 20_000;
  await withConnection(bed.adminUrl, async (client) => {
    await client.query("begin; lock table sessions.inbox in access exclusive mode");
    for (let from = 0; from < persons; from += 1000) {
      const events = Array.from({ length: 1000 }, (_, index) => ({
        namespace: "backlog",
        name: "hit",
        personId: `p${from + index}`,
      }));
      await ingest.batchTrackEvents({ events });
    }
    await eventually(async () => {
      const stored = await client.query("select count(*) from ingest.events where namespace = 'backlog'");
      return stored.rows[0].count === String(persons) ? true : undefined;
    });
    await client.query("commit");
  });
  await eventually(async () => {
    const [row] = await bed.query<{ count: string }>(
      "select count(*) from sessions.sessions where namespace = 'backlog' and event_count = 1",
    );
    return row?.count === String(persons) ? true : undefined;
  });
});

test("a session goes on in its place in the table, without a new entry in each index", async () => {
  await track("in-place", [
    { time: "10:00:00", sessionId: "s" },
    { time: "10:00:01", sessionId: "s" },
  ]);
  await sessionsOf("in-place", 2);
  await eventually(async () => {
    const [row] = await bed.query<{ n: string }>(
      "select n_tup_hot_upd as n from pg_stat_user_tables where relid = 'sessions.sessions'::regclass",
    );
    return Number(row?.n) > 0 ? true : undefined;
  });
});
