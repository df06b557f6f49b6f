import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import type { Json } from "../support/call-gateway.ts";
import { eventually } from "../support/eventually.ts";
import { startTestBed, type TestBed } from "../support/test-bed.ts";
import { fieldsIn, type Tracker, trackerOf } from "./support/tracker.ts";

let bed: TestBed;
let c: Tracker;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"]);
  c = trackerOf(bed.url);
});
afterAll(() => bed.stop());

const pageview = (session: string) => ({
  session: { id: session },
  category: "page interaction",
  name: "pageview",
  data: { host: "www.consumeraffairs.com", path: "/" },
  timestamp: "2021-06-15 00:00:00",
});

describe("sessions", () => {
  test.each([
    ["an empty body", undefined],
    ["an empty object", {}],
  ])("POST /sessions/ with %s answers 201 with an id", async (_, body) => {
    const { status, body: session } = await c.post("/sessions/", body);
    expect(status).toBe(201);
    expect(session.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(await c.found(`/sessions/${session.id}/`)).toMatchObject({ id: session.id, event_count: 0, events: [] });
  });

  test("GET /sessions/ lists them", async () => {
    const ids = [(await c.made("/sessions/", {})).id, (await c.made("/sessions/", {})).id];
    expect((await c.all("/sessions/")).map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
  });

  test("an event belongs to the session that it names", async () => {
    const { id } = await c.made("/sessions/");
    const event = await c.made("/events/", pageview(id));
    expect(event).toMatchObject({ session_id: id, timestamp: "2021-06-15T00:00:00Z" });
    const session = await eventually(async () => {
      const { body } = await c.get(`/sessions/${id}/`);
      return body.event_count === 1 ? body : undefined;
    });
    expect(session.events).toEqual([event]);
  });

  test("an unknown session id creates that session, with that id", async () => {
    const id = randomUUID();
    const { session_id } = await c.made("/events/", pageview(id));
    expect(session_id).toBe(id);
    expect(await c.found(`/sessions/${id}/`)).toMatchObject({ id, event_count: 1 });
  });
});

describe("GET /events/", () => {
  const session = randomUUID();
  const days = (events: Json[]) => events.map(({ timestamp }) => Number(timestamp.slice(8, 10)));

  beforeAll(async () => {
    for (const [day, category] of [
      ["12", "form"],
      ["10", "page"],
      ["11", "form"],
    ]) {
      await c.made("/events/", { ...pageview(session), category, timestamp: `2021-06-${day} 00:00:00` });
    }
    await c.made("/events/", { ...pageview(randomUUID()), category: "form", timestamp: "2021-06-11 00:00:00" });
    await c.listed(`/events/?session=${session}`, 3);
  });

  test.each([
    ["", [12, 11, 10]],
    ["&category=form", [12, 11]],
    ["&timestamp__gte=2021-06-11 00:00:00", [12, 11]],
    ["&timestamp__lte=2021-06-11 00:00:00", [11, 10]],
    ["&timestamp__gte=2021-06-11&timestamp__lte=2021-06-11&category=form", [11]],
    ["&timestamp__gte=2021-06-13", []],
  ])("?session=<id>%s finds what all filters hold for, newest first", async (filters, expected) => {
    expect(days(await c.all(`/events/?session=${session}${filters}`))).toEqual(expected);
  });
});

describe("changing an event", () => {
  const stored = async () => {
    const event = await c.made("/events/", pageview(randomUUID()));
    await c.found(`/events/${event.id}/`);
    return event;
  };

  test("PUT replaces it and answers 200 with the event", async () => {
    const event = await stored();
    const { status, body } = await c.call("PUT", `/events/${event.id}/`, {
      name: "form",
      timestamp: "2021-06-16",
      data: { a: 1 },
    });
    expect(status).toBe(200);
    const { category: _, session_id: __, ...kept } = event;
    const changed = { ...kept, name: "form", timestamp: "2021-06-16T00:00:00Z", data: { a: 1 } };
    expect(body).toEqual({ ...changed, update_time: expect.any(String) });
    expect(await c.found(`/events/${event.id}/`)).toEqual(body);
  });

  test("PATCH changes what it holds and answers 200 with the event", async () => {
    const event = await stored();
    const { status, body } = await c.call("PATCH", `/events/${event.id}`, { name: "tap", category: null });
    expect(status).toBe(200);
    const { category: _, ...kept } = event;
    expect(body).toEqual({ ...kept, name: "tap", update_time: expect.any(String) });
  });

  test("an event that was answered may be put as it is", async () => {
    const event = await stored();
    const { body } = await c.call("PUT", `/events/${event.id}`, event);
    expect(body).toEqual({ ...event, update_time: expect.any(String) });
  });

  test("DELETE answers 204, then 404", async () => {
    const { id } = await stored();
    expect(await c.call("DELETE", `/events/${id}/`)).toMatchObject({ status: 204, body: undefined });
    for (const method of ["DELETE", "GET"]) expect((await c.call(method, `/events/${id}/`)).status).toBe(404);
    expect((await c.call("PATCH", `/events/${id}/`, { name: "n" })).status).toBe(404);
  });

  test("a malformed id is 400", async () => {
    for (const method of ["DELETE", "GET"]) expect((await c.call(method, "/events/7")).status).toBe(400);
    expect((await c.call("PUT", "/events/7", { name: "n" })).status).toBe(400);
  });

  test.each<[string, object, string[]]>([
    ["PUT", { data: {}, timestamp: "x" }, ["data", "name", "timestamp"]],
    ["PATCH", { name: "", data: [], session: "s", colour: "red" }, ["colour", "data", "name", "session"]],
  ])("%s of what is not valid is 400 naming each field, and changes nothing", async (method, changes, fields) => {
    const event = await stored();
    const answer = await c.call(method, `/events/${event.id}`, changes);
    expect([answer.status, fieldsIn(answer)]).toEqual([400, fields]);
    expect(await c.found(`/events/${event.id}`)).toEqual(event);
  });

  test("two writers at once both change it, in some order, and neither is half done", async () => {
    const event = await stored();
    const path = `/events/${event.id}/`;
    for (let round = 0; round < 10; round++) {
      const writers = [`left ${round}`, `right ${round}`];
      const whole = (writer: string) => ({ ...pageview(writer), name: writer, category: writer, data: { writer } });
      await Promise.all(writers.map((writer) => c.call("PUT", path, whole(writer))));
      const { name, category, session_id, data } = await c.found(path);
      expect(writers).toContain(name);
      expect([category, session_id, data]).toEqual([name, name, { writer: name }]);

      await Promise.all([
        c.call("PATCH", path, { name: `n${round}` }),
        c.call("PATCH", path, { category: `c${round}` }),
      ]);
      expect(await c.found(path)).toMatchObject({ name: `n${round}`, category: `c${round}` });
    }
  });
});

describe("what is not valid", () => {
  const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
  const { name: _, ...nameless } = pageview("s");

  test.each<[string, () => object, string[]]>([
    ["data that is a text", () => ({ ...pageview("s"), data: "page" }), ["data"]],
    ["data that is a list", () => ({ ...pageview("s"), data: [1] }), ["data"]],
    ["empty data", () => ({ ...pageview("s"), data: {} }), ["data"]],
    ["data that is null", () => ({ ...pageview("s"), data: null }), ["data"]],
    ["a timestamp in the future", () => ({ ...pageview("s"), timestamp: inAnHour() }), ["timestamp"]],
    [
      "over-long fields",
      () => ({ ...pageview("s".repeat(256)), name: "n".repeat(151), category: "c".repeat(256) }),
      ["category", "name", "session"],
    ],
    ["a malformed timestamp", () => ({ ...pageview("s"), timestamp: "15/06/2021" }), ["timestamp"]],
    ["no name", () => nameless, ["name"]],
    [
      "all of it",
      () => ({ session: { id: "" }, name: 7, data: null, timestamp: "now" }),
      ["data", "name", "session", "timestamp"],
    ],
  ])(
    "%s is 400 naming each field, no event, and one error with the payload and every reason",
    async (_, changes, fields) => {
      const namespace = randomUUID();
      const payload = { namespace, ...changes() };
      const answer = await c.post("/events/", payload);
      expect(answer).toMatchObject({ status: 400, body: { code: 3, message: expect.any(String) } });
      expect(fieldsIn(answer)).toEqual(fields);

      const error = await onlyErrorOf(namespace);
      expect(error.payload).toEqual(payload);
      const reasons: Json[] = answer.body.details.flatMap(({ fieldViolations = [] }: Json) => fieldViolations);
      expect(error.reasons).toEqual(reasons);
      expect(error).toMatchObject({ stage: "door", source: { transport: "plain" }, create_time: expect.any(String) });
      expect(await c.found(`/errors/${error.id}/`)).toEqual(error);
    },
  );

  /** The one error of a namespace, once what is sent after it is there: a second one, and an event. */
  async function onlyErrorOf(namespace: string): Promise<Json> {
    await c.post("/events/", { namespace, name: "", category: "later" });
    await c.made("/events/", { namespace, name: "later" });
    const [later, error] = await c.listed(`/errors/?namespace=${namespace}`, 2);
    expect(later.payload.category).toBe("later");
    expect(await c.listed(`/events/?namespace=${namespace}`, 1)).toMatchObject([{ name: "later" }]);
    return error;
  }

  test("of a list each event that is refused becomes one error", async () => {
    const namespace = randomUUID();
    const [bad, worse] = [
      { namespace, name: "" },
      { namespace, name: 7, data: {} },
    ];
    expect((await c.post("/events/", [bad, { namespace, name: "good" }, worse])).status).toBe(207);
    expect((await c.post("/events/", [worse, bad])).status).toBe(400);
    const errors = await c.listed(`/errors/?namespace=${namespace}`, 4);
    const told = errors.map(({ payload, reasons }) => [payload.name, reasons.map(({ field }: Json) => field).sort()]);
    expect(told).toEqual(
      expect.arrayContaining([
        ["", ["[0].name"]],
        ["", ["[1].name"]],
        [7, ["[0].data", "[0].name"]],
        [7, ["[2].data", "[2].name"]],
      ]),
    );
  });

  test("what is not even JSON becomes an error with what was sent", async () => {
    const payload = `{"name": "${randomUUID()}",,}`;
    expect((await c.post("/events/", payload)).status).toBe(400);
    await eventually(async () => (await c.all("/errors/")).find((error) => error.payload === payload));
  });

  test("an unknown error is 404, a malformed id 400", async () => {
    expect((await c.get(`/errors/${randomUUID()}/`)).status).toBe(404);
    expect((await c.get("/errors/7/")).status).toBe(400);
  });

  test("data may be left out", async () => {
    const { data: _, ...without } = pageview("s");
    expect((await c.post("/events/", without)).status).toBe(201);
  });
});

test("the caller is answered as soon as the event is durable, before it is stored", async () => {
  const storing = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const holding = withConnection(bed.adminUrl, async (client) => {
    await client.query("begin");
    await client.query("lock table ingest.events in exclusive mode");
    held.resolve();
    await storing.promise;
    await client.query("commit");
  });
  await held.promise;
  const { id } = await c.made("/events/", pageview(randomUUID()));
  expect((await c.get(`/events/${id}/`)).status).toBe(404);
  storing.resolve();
  await holding;
  expect(await c.found(`/events/${id}/`)).toMatchObject({ id });
});
