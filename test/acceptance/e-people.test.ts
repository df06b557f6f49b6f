import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Json } from "../support/call-gateway.ts";
import { eventually } from "../support/eventually.ts";
import { startTestBed, type TestBed } from "../support/test-bed.ts";
import { fieldsIn, type Tracker, trackerOf } from "./support/tracker.ts";

let bed: TestBed;
let e: Tracker;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"]);
  e = trackerOf(bed.url);
});
afterAll(() => bed.stop());

const kate = { email: "kate.pryde@marauders.mock", first_name: "Kate", last_name: "Pryde", role: "admin" };
const names = (events: Json[]) => events.map(({ name }) => name);

describe("POST /persons", () => {
  test("answers 201 with id, times and the person's signup event", async () => {
    const { status, body } = await e.post("/persons", kate);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...kate,
      id: expect.any(String),
      create_time: expect.any(String),
      update_time: expect.any(String),
      events: [{ name: "signup", person_id: body.id }],
    });
  });

  test.each(["kate.pryde", "kate@", "@marauders.mock", "kate pryde@marauders.mock", ""])(
    "the malformed e-mail %j is 400",
    async (email) => {
      const answer = await e.post("/persons", { ...kate, email });
      expect([answer.status, fieldsIn(answer)]).toEqual([400, ["email"]]);
    },
  );

  test("the same e-mail again is another person", async () => {
    const [first, second] = [await e.made("/persons", kate), await e.made("/persons", kate)];
    expect(second).toMatchObject(kate);
    expect(second.id).not.toBe(first.id);
  });

  test("the role defaults to user", async () => {
    const { role: _, ...withoutRole } = kate;
    expect(await e.made("/persons", withoutRole)).toMatchObject({ role: "user" });
  });
});

describe("a person", () => {
  test("is listed", async () => {
    const ids = [(await e.made("/persons", kate)).id, (await e.made("/persons", kate)).id];
    expect((await e.all("/persons")).map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
  });

  test("is answered with its events as they are now", async () => {
    const { id } = await e.made("/persons", kate);
    const click = await e.made("/events", { event_type: "click", person_id: id });
    const person = await eventually(async () => {
      const { body } = await e.get(`/persons/${id}`);
      return body.events.length === 2 ? body : undefined;
    });
    expect(person).toMatchObject({ ...kate, id, events: [{ name: "signup" }, click] });
    await e.call("PATCH", `/events/${click.id}`, { event_type: "tap" });
    expect(names((await e.found(`/persons/${id}`)).events)).toEqual(["signup", "tap"]);
  });

  test("can be changed", async () => {
    const { id, update_time: _, ...made } = await e.made("/persons", kate);
    const changed = await e.call("PATCH", `/persons/${id}`, { last_name: "Rasputin" });
    expect(changed).toMatchObject({ status: 200, body: { ...made, id, last_name: "Rasputin" } });
    expect(await e.found(`/persons/${id}`)).toEqual(changed.body);
  });

  test("that is deleted answers 204, and its events and sessions are gone", async () => {
    const { id } = await e.made("/persons", kate);
    await e.made("/events", { event_type: "click", person_id: id });
    await e.listed(`/events?person_id=${id}`, 2);
    await e.listed(`/sessions?person_id=${id}`, 1);
    expect(await e.call("DELETE", `/persons/${id}`)).toMatchObject({ status: 204, body: undefined });
    expect((await e.get(`/persons/${id}`)).status).toBe(404);
    expect(await e.listed(`/events?person_id=${id}`, 0)).toEqual([]);
    expect(await e.listed(`/sessions?person_id=${id}`, 0)).toEqual([]);
  });

  test("with an unknown id is 404, with a malformed one 400", async () => {
    for (const [id, status] of [
      [randomUUID(), 404],
      ["42", 400],
    ]) {
      expect((await e.get(`/persons/${id}`)).status).toBe(status);
      expect((await e.call("DELETE", `/persons/${id}`)).status).toBe(status);
      expect((await e.call("PATCH", `/persons/${id}`, { role: "user" })).status).toBe(status);
    }
  });
});

describe("events of persons", () => {
  test("event_type is the name, and both the exact keyword and the person must hold", async () => {
    const [kate, kurt] = [randomUUID(), randomUUID()];
    for (const [event_type, person_id] of [
      ["click", kate],
      ["click", kurt],
      ["clicks", kate],
      ["Click", kate],
    ]) {
      await e.made("/events", { event_type, person_id });
    }
    await e.listed(`/events?person_id=${kate}`, 3);
    const found = await e.listed(`/events?keyword=click&person_id=${kate}`, 1);
    expect(found).toMatchObject([{ name: "click", person_id: kate }]);
  });

  test("an unknown id is 404, a malformed one 400", async () => {
    expect((await e.get(`/events/${randomUUID()}`)).status).toBe(404);
    expect((await e.get("/events/42")).status).toBe(400);
  });
});
