import { setImmediate } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { clientCredentials } from "@ocellus/client/client-credentials.ts";
import { createClients, type GatewayClients } from "@ocellus/client/create-clients.ts";
import { ErrorInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { AggregationType, Granularity } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { EventState } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { v7 } from "uuid";
import { registerClient } from "./support/access.ts";
import { eventually } from "./support/eventually.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;
/** Limited to shop-*; to "other" by its name; to nothing. */
let shop: GatewayClients;
let other: GatewayClients;
let all: GatewayClients;
/** What others have, of which the shop must not learn. */
const foreign = { eventId: v7(), refusedId: "", personId: v7(), deletedId: v7() };
const own = { eventId: v7(), refusedId: "", personId: v7() };

const clientsOf = async (namespaces: string[]) => {
  const credentials = await registerClient(bed.url, { namespaces });
  return createClients({
    gateway: bed.url,
    protocol: "grpc",
    token: clientCredentials({ gateway: bed.url, ...credentials }),
  });
};

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"]);
  [shop, other, all] = [await clientsOf(["shop-*"]), await clientsOf(["other"]), await clientsOf([])];
  for (const [namespace, { eventId, personId }] of [
    ["shop-1", own],
    ["other", foreign],
  ] as const) {
    const client = namespace === "other" ? other : shop;
    await client.ingest.trackEvent({
      event: { id: eventId, namespace, name: "n", sessionId: "s", personId: "p", value: 1 },
    });
    await client.persons.createPerson({ person: { id: personId, namespace, email: "kate@example.org" } });
    await failure(client.ingest.trackEvent({ event: { namespace, name: "" } }));
  }
  await other.ingest.trackEvent({ event: { id: foreign.deletedId, namespace: "other", name: "gone" } });
  await eventually(async () => ((await all.sessions.listSessions({})).sessions.length === 4 ? true : undefined));
  await eventually(async () => {
    const { series } = await all.aggregation.listSeries({});
    return ["shop-1", "other"].every((open) => series.some(({ namespace }) => namespace === open)) || undefined;
  });
  await eventually(async () => {
    const { eventErrors } = await all.eventErrors.listEventErrors({});
    own.refusedId = eventErrors.find(({ namespace }) => namespace === "shop-1")?.id ?? "";
    foreign.refusedId = eventErrors.find(({ namespace }) => namespace === "other")?.id ?? "";
    return own.refusedId && foreign.refusedId ? true : undefined;
  });
  await eventually(() => other.events.deleteEvent({ id: foreign.deletedId }));
});
afterAll(async () => {
  for (const clients of [shop, other, all]) clients.close();
  await bed.stop();
});

/** What a call that must fail says. */
async function failure(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    (answer) => {
      throw new Error(
        `The call should have failed, and answered ${JSON.stringify(answer, (_, value) => (typeof value === "bigint" ? String(value) : value))}`,
      );
    },
    (thrown) => ConnectError.from(thrown),
  );
  return `${Code[error.code]} ${error.findDetails(ErrorInfoSchema)[0]?.reason}`;
}
const first = async (stream: AsyncIterable<unknown>) => {
  for await (const response of stream) return response;
};

const DAILY = { granularity: Granularity.DAY, aggregationType: AggregationType.COUNT };

describe("a request that names a namespace which is not open", () => {
  test.each<[string, (namespace: string) => Promise<unknown>]>([
    ["TrackEvent", (namespace) => shop.ingest.trackEvent({ event: { namespace, name: "n" } })],
    [
      "TrackEvent of what is invalid besides",
      (namespace) => shop.ingest.trackEvent({ event: { namespace, name: "" } }),
    ],
    [
      "BatchTrackEvents of nothing else",
      (namespace) => shop.ingest.batchTrackEvents({ events: [{ namespace, name: "n" }] }),
    ],
    ["StreamEvents", (namespace) => first(shop.ingest.streamEvents(batchOf({ namespace, name: "n" })))],
    ["ListEvents", (namespace) => shop.events.listEvents({ namespace })],
    ["WatchEvents", (namespace) => first(shop.events.watchEvents({ namespace }))],
    ["UpdateEvent", (namespace) => shop.events.updateEvent({ event: { id: own.eventId, namespace } })],
    ["ListEventErrors", (namespace) => shop.eventErrors.listEventErrors({ namespace })],
    ["ReplayEventErrors", (namespace) => shop.eventErrors.replayEventErrors({ namespace })],
    [
      "ReplayEventErrors with an event",
      (namespace) => shop.eventErrors.replayEventErrors({ id: own.refusedId, event: { namespace, name: "n" } }),
    ],
    ["CreateSession", (namespace) => shop.sessions.createSession({ session: { id: "new", namespace } })],
    ["GetSession", (namespace) => shop.sessions.getSession({ id: "s", namespace })],
    ["ListSessions", (namespace) => shop.sessions.listSessions({ namespace })],
    ["CloseSessions", (namespace) => shop.sessions.closeSessions({ namespace })],
    ["CreatePerson", (namespace) => shop.persons.createPerson({ person: { namespace, email: "kate@example.org" } })],
    ["ListPersons", (namespace) => shop.persons.listPersons({ namespace })],
    ["QueryAggregates", (namespace) => shop.aggregation.queryAggregates({ namespace, name: "n", ...DAILY })],
    ["ListSeries", (namespace) => shop.aggregation.listSeries({ namespace })],
    ["GetFreshness", (namespace) => shop.aggregation.getFreshness({ namespace })],
  ])("%s is PERMISSION_DENIED", async (_, call) => {
    expect(await failure(call("other"))).toBe("PermissionDenied NAMESPACE_DENIED");
  });

  test.each<[string, () => Promise<unknown>]>([
    ["TrackEvent", () => shop.ingest.trackEvent({ event: { name: "n" } })],
    ["CreateSession", () => shop.sessions.createSession({ session: {} })],
    ["CreatePerson", () => shop.persons.createPerson({ person: { email: "kate@example.org" } })],
  ])("%s without a namespace names the default one", async (_, call) => {
    expect(await failure(call())).toBe("PermissionDenied NAMESPACE_DENIED");
  });

  test.each([
    ["/v1/events", { namespace: "other", name: "n" }],
    ["/v1/events", { namespace: "other", name: "" }],
    ["/v1/events", [{ namespace: "other", name: "n" }]],
    ["/events/", { channel_id: "other", name: "n" }],
    ["/events/", { channel_id: "other", name: "" }],
  ])("over JSON POST %s %j is no different, and nobody finds it in the store of errors", async (path, body) => {
    const before = (await all.eventErrors.listEventErrors({})).eventErrors.length;
    const token = await clientCredentials({
      gateway: bed.url,
      ...(await registerClient(bed.url, { namespaces: ["shop-*"] })),
    })();
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const response = await globalThis.fetch(bed.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    expect([400, 403]).toContain(response.status);
    // What is refused later is kept later: once it is there, the one before would be.
    await failure(shop.ingest.trackEvent({ event: { namespace: "shop-2", name: "" } }));
    await eventually(async () => {
      const { eventErrors } = await all.eventErrors.listEventErrors({});
      return eventErrors.length > before ? true : undefined;
    });
    const { eventErrors } = await all.eventErrors.listEventErrors({ namespace: "other" });
    expect(eventErrors.map(({ id }) => id)).toEqual([foreign.refusedId]);
  });
});

describe("what is in a namespace that is not open", () => {
  test.each<[string, () => Promise<unknown>, string]>([
    ["GetEvent", () => shop.events.getEvent({ id: foreign.eventId }), "EVENT_NOT_FOUND"],
    ["GetEventStatus", () => shop.events.getEventStatus({ id: foreign.eventId }), "EVENT_NOT_FOUND"],
    ["GetEventStatus of a deleted one", () => shop.events.getEventStatus({ id: foreign.deletedId }), "EVENT_NOT_FOUND"],
    [
      "UpdateEvent",
      () => shop.events.updateEvent({ event: { id: foreign.eventId, name: "stolen" } }),
      "EVENT_NOT_FOUND",
    ],
    ["DeleteEvent", () => shop.events.deleteEvent({ id: foreign.eventId }), "EVENT_NOT_FOUND"],
    ["GetEventError", () => shop.eventErrors.getEventError({ id: foreign.refusedId }), "EVENT_ERROR_NOT_FOUND"],
    ["DeleteEventError", () => shop.eventErrors.deleteEventError({ id: foreign.refusedId }), "EVENT_ERROR_NOT_FOUND"],
    ["ReplayEventErrors", () => shop.eventErrors.replayEventErrors({ id: foreign.refusedId }), "EVENT_ERROR_NOT_FOUND"],
    ["GetPerson", () => shop.persons.getPerson({ id: foreign.personId }), "PERSON_NOT_FOUND"],
    [
      "UpdatePerson",
      () => shop.persons.updatePerson({ person: { id: foreign.personId, role: "x" } }),
      "PERSON_NOT_FOUND",
    ],
    ["DeletePerson", () => shop.persons.deletePerson({ id: foreign.personId }), "PERSON_NOT_FOUND"],
  ])("%s does not find", async (_, call, reason) => {
    expect(await failure(call())).toBe(`NotFound ${reason}`);
  });

  test("is as it was, and there for those to whom it is open", async () => {
    expect((await other.events.getEvent({ id: foreign.eventId })).event?.name).toBe("n");
    expect((await other.events.getEventStatus({ id: foreign.eventId })).eventStatus?.state).toBe(EventState.STORED);
    expect((await other.persons.getPerson({ id: foreign.personId })).person?.role).toBe("user");
    expect((await other.eventErrors.getEventError({ id: foreign.refusedId })).eventError?.namespace).toBe("other");
  });

  test("a session is found in the namespace that is open, though others have the same id", async () => {
    expect((await shop.sessions.getSession({ id: "s" })).session?.namespace).toBe("shop-1");
    expect((await other.sessions.getSession({ id: "s" })).session?.namespace).toBe("other");
    expect(await failure(all.sessions.getSession({ id: "s" }))).toBe("FailedPrecondition SESSION_AMBIGUOUS");
  });
});

describe("without a namespace", () => {
  test.each<[string, () => Promise<(string | undefined)[]>]>([
    ["ListEvents", async () => (await shop.events.listEvents({})).events.map(({ namespace }) => namespace)],
    [
      "ListEventErrors",
      async () => (await shop.eventErrors.listEventErrors({})).eventErrors.map(({ namespace }) => namespace),
    ],
    ["ListSessions", async () => (await shop.sessions.listSessions({})).sessions.map(({ namespace }) => namespace)],
    ["ListPersons", async () => (await shop.persons.listPersons({})).persons.map(({ namespace }) => namespace)],
    ["ListSeries", async () => (await shop.aggregation.listSeries({})).series.map(({ namespace }) => namespace)],
  ])("%s answers what is open, and nothing else", async (_, list) => {
    const namespaces = await list();
    expect(namespaces.length).toBeGreaterThan(0);
    expect(namespaces.filter((namespace) => !namespace?.startsWith("shop-"))).toEqual([]);
  });

  test("a list of one name is that of its namespace, page by page", async () => {
    const one = await other.events.listEvents({ pageSize: 1 });
    expect(one.events.map(({ namespace }) => namespace)).toEqual(["other"]);
    const next = await other.events.listEvents({ pageSize: 1, pageToken: one.nextPageToken });
    expect(next.events.map(({ namespace }) => namespace)).toEqual(["other"]);
  });

  test("CloseSessions closes what is open to the caller alone", async () => {
    const before = new Date(Date.now() + 3_600_000);
    const timestamp = { seconds: BigInt(Math.floor(before.getTime() / 1000)), nanos: 0 };
    const count = (await all.sessions.listSessions({ namespace: "shop-1" })).sessions.length;
    expect((await shop.sessions.closeSessions({ before: timestamp })).closedCount).toBe(BigInt(count));
    const { sessions } = await all.sessions.listSessions({ namespace: "other" });
    expect(new Set(sessions.map(({ state }) => state))).toEqual(new Set([1]));
  });

  test("ReplayEventErrors replays what is open alone", async () => {
    const { results } = await shop.eventErrors.replayEventErrors({ dryRun: true });
    const ids = results.map(({ id }) => id);
    expect(ids).toContain(own.refusedId);
    expect(ids).not.toContain(foreign.refusedId);
  });

  test("WatchEvents sends what is open alone", async () => {
    const seen: (string | undefined)[] = [];
    const abort = new AbortController();
    const watched = Promise.withResolvers<void>();
    const watching = (async () => {
      for await (const { event } of shop.events.watchEvents({ name: "watched" }, { signal: abort.signal })) {
        watched.resolve();
        if (event) seen.push(event.namespace);
        if (seen.length === 1) return;
      }
    })();
    await watched.promise;
    await other.ingest.trackEvent({ event: { namespace: "other", name: "watched" } });
    await eventually(async () =>
      (await other.events.listEvents({ name: "watched" })).events.length === 1 ? true : undefined,
    );
    await shop.ingest.trackEvent({ event: { namespace: "shop-9", name: "watched" } });
    await watching;
    abort.abort();
    expect(seen).toEqual(["shop-9"]);
  });
});

test("of a batch, what is open is accepted, and the rest refused by itself", async () => {
  const { results } = await shop.ingest.batchTrackEvents({
    events: [
      { namespace: "shop-1", name: "in" },
      { namespace: "other", name: "out" },
      { namespace: "shop-1", name: "" },
    ],
  });
  const outcomes = results.map(({ result }) => (result.case === "refused" ? result.value.code : result.case));
  expect(outcomes).toEqual(["accepted", Code.PermissionDenied, Code.InvalidArgument]);
});

test("one that is limited may not manage clients, whatever its token says", async () => {
  const limited = await registerClient(bed.url, { namespaces: ["x"] });
  await bed.query("update access.clients set scopes = '{admin}' where id = $1", [limited.id]);
  using clients = createClients({ gateway: bed.url, token: clientCredentials({ gateway: bed.url, ...limited }) });
  expect(await failure(clients.clients.listClients({}))).toBe("PermissionDenied NAMESPACE_DENIED");
  expect(await failure(clients.audit.listAuditRecords({}))).toBe("PermissionDenied NAMESPACE_DENIED");
  expect(await failure(first(clients.aggregation.rebuildAggregates({})))).toBe("PermissionDenied NAMESPACE_DENIED");
});

async function* batchOf(event: { namespace: string; name: string }) {
  yield { events: [event] };
  await setImmediate();
}
