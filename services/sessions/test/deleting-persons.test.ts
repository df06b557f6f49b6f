import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import type { ServiceName, ServiceProcess } from "@ocellus/suite/service-process.ts";
import { diceOf } from "../../../test/support/dice.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { holdUpStoring } from "../../../test/support/hold-up-storing.ts";
import { aggregates, keptSessions, recount, recountedSessions, untilQuiet } from "../../../test/support/recounts.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let sessions: ServiceClient<typeof SessionService>;
let persons: ServiceClient<typeof PersonService>;
const running = new Map<ServiceName, ServiceProcess>();

beforeAll(async () => {
  bed = await startTestBed(["gateway"], { MATERIALISE_EVERY: "100ms" });
  for (const name of ["ingest", "sessions", "aggregation"] as const) running.set(name, await bed.start(name));
  ingest = bed.client("ingest", IngestService);
  sessions = bed.client("sessions", SessionService);
  persons = bed.client("sessions", PersonService);
});
afterAll(() => bed.stop());

const START = Date.UTC(2026, 4, 1);
const at = (minutes: number) => timestampFromDate(new Date(START + minutes * 60_000));

/** Tracks events `everyMinutes` apart. */
async function track(event: Record<string, string>, count: number, everyMinutes = 1): Promise<void> {
  const some = Array.from({ length: count }, (_, n) => ({
    name: "hit",
    ...event,
    timestamp: at(n * everyMinutes),
    value: n,
  }));
  for (let from = 0; from < count; from += 1000)
    await ingest.batchTrackEvents({ events: some.slice(from, from + 1000) });
}

async function createdIn(namespace: string): Promise<string> {
  const { person } = await persons.createPerson({ person: { namespace, email: "kate@x.org" } });
  return person!.id;
}

async function storedCount(namespace: string, personId: string): Promise<number> {
  const found = await bed.query("select from ingest.events where namespace = $1 and person_id = $2", [
    namespace,
    personId,
  ]);
  return found.length;
}
const untilStored = (namespace: string, personId: string, count: number) =>
  eventually(async () => ((await storedCount(namespace, personId)) === count ? true : undefined));

const isGone = async (id: string) => {
  const rows = await bed.query("select from sessions.persons where id = $1", [id]);
  return rows.length === 0 ? true : undefined;
};

/** Waits until all is folded, and expects that sessions and aggregates are those of the stored events. */
async function expectRecount(...namespaces: string[]): Promise<void> {
  await untilQuiet(bed);
  for (const namespace of namespaces) {
    expect(await keptSessions(bed, namespace)).toEqual(await recountedSessions(bed, namespace));
    for (const name of ["hit", "signup"]) {
      expect(await aggregates(bed, namespace, name)).toEqual(await recount(bed, namespace, name));
    }
  }
}

test("a person is deleted with all events and sessions, and nobody else's are touched", async () => {
  const [namespace, elsewhere] = ["all", "all elsewhere"];
  const id = await createdIn(namespace);
  const other = await createdIn(namespace);
  for (const personId of [id, other]) await track({ namespace, personId }, 40, 20);
  await track({ namespace: elsewhere, personId: id }, 5);
  await track({ namespace, personId: id, sessionId: "own" }, 4);
  await track({ namespace, personId: id, sessionId: "shared" }, 4);
  await track({ namespace, personId: other, sessionId: "shared" }, 6, 2);
  await track({ namespace, personId: id, sessionId: "second" }, 2);
  await ingest.trackEvent({
    event: { namespace, name: "hit", personId: other, sessionId: "second", timestamp: at(-5) },
  });
  await sessions.createSession({ session: { namespace, personId: id, id: "created" } });
  await sessions.createSession({ session: { namespace, personId: id, id: "created for" } });
  await track({ namespace, personId: other, sessionId: "created for" }, 3);
  await untilQuiet(bed);

  await persons.deletePerson({ id });
  expect(await storedCount(namespace, id)).toBe(0);
  expect((await sessions.listSessions({ namespace, personId: id })).sessions).toEqual([]);
  for (const gone of ["own", "created"]) {
    expect(await errorOf(sessions.getSession({ id: gone, namespace }))).toMatchObject({ code: status.NOT_FOUND });
  }
  const { session: shared } = await sessions.getSession({ id: "shared", namespace });
  expect(shared).toMatchObject({ personId: other, eventCount: 6n });
  const { session: createdFor } = await sessions.getSession({ id: "created for", namespace });
  expect(createdFor).toMatchObject({ personId: other, eventCount: 3n });
  expect((await persons.listPersons({ namespace })).persons.map((person) => person.id)).toEqual([other]);
  for (const call of [
    persons.deletePerson({ id }),
    persons.getPerson({ id }),
    persons.updatePerson({ person: { id } }),
  ]) {
    expect(await errorOf(call)).toMatchObject({ code: status.NOT_FOUND, reason: "PERSON_NOT_FOUND" });
  }

  await expectRecount(namespace, elsewhere);
  expect(await storedCount(elsewhere, id)).toBe(5);
  expect(await storedCount(namespace, other)).toBe(51);
  expect((await sessions.getSession({ id: "second", namespace })).session?.eventCount).toBe(1n);
});

test("events that are still in the queue when their person is deleted never appear, and later ones are new", async () => {
  const namespace = "queued";
  const id = await createdIn(namespace);
  await untilStored(namespace, id, 1);
  const release = await holdUpStoring(bed);
  await track({ namespace, personId: id }, 50);
  await track({ namespace, personId: "beside" }, 3);
  const deleting = [1, 2, 3].map(() => persons.deletePerson({ id }));
  await eventually(async () => {
    const kept = await bed.query("select from ingest.purged_persons where person_id = $1", [id]);
    return kept.length === 1 ? true : undefined;
  });
  expect(await errorOf(persons.getPerson({ id }))).toMatchObject({ code: status.NOT_FOUND });
  await release();
  // Deletions at once, and of a person that is being deleted, all succeed.
  await Promise.all(deleting);
  await untilStored(namespace, "beside", 3);
  await untilQuiet(bed);
  expect(await storedCount(namespace, id)).toBe(0);
  await track({ namespace, personId: id }, 2);
  await untilStored(namespace, id, 2);
  await expectRecount(namespace);
});

test("a deletion while ingest is away goes on when it is back, and a signup that was not tracked never is", async () => {
  const namespace = "away";
  const id = await createdIn(namespace);
  await track({ namespace, personId: id }, 20);
  await untilStored(namespace, id, 21);
  await untilQuiet(bed);
  await running.get("ingest")!.stop("SIGKILL");
  const unsent = await createdIn(namespace);
  for (const person of [id, unsent]) {
    const error = await errorOf(persons.deletePerson({ id: person }));
    expect(error).toMatchObject({ code: status.UNAVAILABLE, reason: "SERVICE_UNAVAILABLE" });
    expect(error.message).toContain("goes on by itself");
    expect(await errorOf(persons.getPerson({ id: person }))).toMatchObject({ code: status.NOT_FOUND });
  }
  running.set("ingest", await bed.start("ingest"));
  await eventually(() => isGone(id));
  await eventually(() => isGone(unsent));
  await track({ namespace, personId: "after" }, 1);
  await untilStored(namespace, "after", 1);
  expect([await storedCount(namespace, id), await storedCount(namespace, unsent)]).toEqual([0, 0]);
  await expectRecount(namespace);
});

test.each([[1], [2], [3]])(
  "a deletion that is killed at a random moment is resumed, and is whole in the end (seed %d)",
  async (seed) => {
    const namespace = `killed ${seed}`;
    const dice = diceOf(seed);
    const id = await createdIn(namespace);
    await track({ namespace, personId: id }, 4000, 7);
    await track({ namespace, personId: id, sessionId: "mine" }, 500);
    await track({ namespace, personId: "other", sessionId: "mine" }, 5);
    await untilStored(namespace, id, 4501);
    const deleting = persons.deletePerson({ id }).catch(() => undefined);
    // So far is it to go when it is killed: the moment is that of the data, not of a clock.
    const left = Math.floor(dice() * 4501);
    await eventually(async () => ((await storedCount(namespace, id)) <= left ? true : undefined));
    const victims: ServiceName[] = [["sessions"], ["ingest"], ["sessions", "ingest"]][(seed - 1) % 3] as ServiceName[];
    await Promise.all(victims.map((name) => running.get(name)!.stop("SIGKILL")));
    for (const name of victims) running.set(name, await bed.start(name));
    await deleting;
    await eventually(() => isGone(id));
    expect(await storedCount(namespace, id)).toBe(0);
    expect((await sessions.listSessions({ namespace, personId: id })).sessions).toEqual([]);
    await expectRecount(namespace);
  },
);
