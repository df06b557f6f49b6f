import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let events: ServiceClient<typeof EventService>;
let sessions: ServiceClient<typeof SessionService>;
let persons: ServiceClient<typeof PersonService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions"]);
  ingest = bed.client("ingest", IngestService);
  events = bed.client("ingest", EventService);
  sessions = bed.client("sessions", SessionService);
  persons = bed.client("sessions", PersonService);
});
afterAll(() => bed.stop());

const at = (time: string) => timestampFromDate(new Date(time));
const NAMESPACE = "retention";

async function track(who: { personId?: string; sessionId?: string }, times: string[]): Promise<string[]> {
  const list = times.map((time) => ({ namespace: NAMESPACE, name: "hit", timestamp: at(time), ...who }));
  const { results } = await ingest.batchTrackEvents({ events: list });
  return results.map(({ result }) => (result.case === "accepted" ? result.value.id : ""));
}

/** A line for each session of the person or the name: its start, its end and its count. */
async function told(who: { personId?: string; id?: string }): Promise<string[]> {
  const { sessions: found } = await sessions.listSessions({
    namespace: NAMESPACE,
    ...(who.personId && { personId: who.personId }),
  });
  return found
    .filter(({ id }) => who.id === undefined || id === who.id)
    .map(({ startTime, endTime, eventCount }) => `${time(startTime)} ${time(endTime)} ${eventCount}`);
}
const time = (timestamp: { seconds: bigint } | undefined) =>
  new Date(Number(timestamp?.seconds) * 1000).toISOString().slice(0, 16);

const untilTold = (who: { personId?: string; id?: string }, expected: string[]) =>
  eventually(async () => {
    expect(await told(who)).toEqual(expected);
    return true;
  });

/** As the ingest service does it, which gives up, too, where it waits for a lock for longer than a moment. */
async function keepFrom(time: string): Promise<void> {
  await eventually(() => bed.query("select ingest.keep_from($1::timestamptz)", [time]));
  await eventually(async () => {
    const [row] = await bed.query("select ingest.drop_oldest_partition() as dropped");
    return row!.dropped === null || undefined;
  });
}

test("sessions stay as they are when their events are not kept any longer, also when others of them are recounted", async () => {
  const personId = "ann";
  await track({ personId }, ["2022-03-05T10:00:00Z", "2022-03-05T10:10:00Z"]);
  const [, cut] = await track({ personId }, ["2022-04-30T23:50:00Z", "2022-05-01T00:05:00Z", "2022-05-01T00:10:00Z"]);
  const [recent] = await track({ personId }, ["2022-06-01T10:00:00Z", "2022-06-01T10:10:00Z"]);
  await track({ sessionId: "old" }, ["2022-03-05T10:00:00Z"]);
  const [last] = await track({ sessionId: "half" }, ["2022-05-02T10:00:00Z", "2022-03-05T10:00:00Z"]);
  const old = "2022-03-05T10:00 2022-03-05T10:10 2";
  await untilTold({ personId }, ["2022-06-01T10:00 2022-06-01T10:10 2", "2022-04-30T23:50 2022-05-01T00:10 3", old]);
  await untilTold({ id: "half" }, ["2022-03-05T10:00 2022-05-02T10:00 2"]);
  await keepFrom("2022-05-01T00:00:00Z");

  await events.deleteEvent({ id: recent! });
  await untilTold({ personId }, [
    "2022-06-01T10:10 2022-06-01T10:10 1",
    // A session that begins before that is counted from there on, once one of its person's events changes.
    "2022-05-01T00:05 2022-05-01T00:10 2",
    old,
  ]);
  await events.deleteEvent({ id: cut! });
  await untilTold({ personId }, ["2022-06-01T10:10 2022-06-01T10:10 1", "2022-05-01T00:10 2022-05-01T00:10 1", old]);
  await events.deleteEvent({ id: last! });
  await eventually(async () => {
    const recounted = await bed.query("select from sessions.recounts where subject = 'half'");
    return recounted.length === 1 || undefined;
  });
  expect(await told({ id: "half" })).toEqual(["2022-03-05T10:00 2022-05-02T10:00 2"]);
  expect(await told({ id: "old" })).toEqual(["2022-03-05T10:00 2022-03-05T10:00 1"]);
});

test("a person is deleted with the sessions of events that are not kept any longer", async () => {
  const { person } = await persons.createPerson({ person: { namespace: NAMESPACE, email: "kate@x.org" } });
  const personId = person!.id;
  await track({ personId }, ["2022-07-05T10:00:00Z"]);
  await track({ personId, sessionId: "hers" }, ["2022-07-05T10:00:00Z", "2022-07-05T10:30:00Z"]);
  await track({ personId: "bob", sessionId: "his" }, ["2022-07-05T10:00:00Z"]);
  await eventually(async () => {
    expect(await told({ personId })).toHaveLength(3);
    expect(await told({ personId: "bob" })).toHaveLength(1);
    return true;
  });
  await keepFrom("2022-08-01T00:00:00Z");
  await persons.deletePerson({ id: personId });
  expect(await told({ personId })).toEqual([]);
  expect(await told({ personId: "bob" })).toHaveLength(1);
});
