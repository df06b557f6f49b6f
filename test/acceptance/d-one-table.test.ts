import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Json } from "../support/call-gateway.ts";
import { startTestBed, type TestBed } from "../support/test-bed.ts";
import { fieldsIn, type Tracker, trackerOf } from "./support/tracker.ts";

let bed: TestBed;
let d: Tracker;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"]);
  d = trackerOf(bed.url);
});
afterAll(() => bed.stop());

const click = (session: string) => ({
  session_id: session,
  category: "click",
  name: "pageview",
  data: { host: "www.consumeraffairs.com", path: "/", element: { kind: "chat bubble", at: [1, 2] } },
  timestamp: "2021-01-01 09:15:29.243860",
});

describe("POST /events/", () => {
  test("answers 201 with the event", async () => {
    const { status, body } = await d.post("/events/", click("e2085be5"));
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...click("e2085be5"),
      id: expect.any(String),
      timestamp: "2021-01-01T09:15:29.243860Z",
    });
    expect(await d.found(`/events/${body.id}/`)).toEqual(body);
  });

  test("the same payload again answers 201 with the same id, and is stored once", async () => {
    const payload = click(randomUUID());
    const [first, again] = [await d.made("/events/", payload), await d.made("/events/", payload)];
    expect(again.id).toBe(first.id);
    await onlyOne(payload.session_id);
  });

  test("so does the same payload with data's keys in another order", async () => {
    const payload = click(randomUUID());
    const turned = {
      ...payload,
      data: { element: { at: [1, 2], kind: "chat bubble" }, path: "/", host: payload.data.host },
    };
    const [first, again] = [await d.made("/events/", payload), await d.made("/events/", turned)];
    expect(again.id).toBe(first.id);
    await onlyOne(payload.session_id);
  });

  /** Waits for what is sent later, which is stored later. */
  async function onlyOne(session: string) {
    await d.made("/events/", { session_id: session, name: "later", timestamp: "2021-01-02 00:00:00" });
    const events = await d.listed(`/events/?session_id=${session}`, 2);
    expect(events.map(({ name }) => name)).toEqual(["later", "pageview"]);
  }

  test("a hundred events at once, ten times, are all stored", async () => {
    const session = randomUUID();
    const sent = new Set<string>();
    for (let second = 0; second < 10; second++) {
      const burst = Array.from({ length: 100 }, (_, index) => {
        const timestamp = `2021-02-03 04:05:0${second}.${String(index).padStart(3, "0")}`;
        return d.made("/events/", { session_id: session, category: "burst", name: "tick", timestamp });
      });
      for (const { id } of await Promise.all(burst)) sent.add(id);
    }
    expect(sent.size).toBe(1000);
    const stored = await d.listed(`/events/?session_id=${session}&page_size=500`, 1000);
    expect(new Set(stored.map(({ id }) => id))).toEqual(sent);
  });
});

describe("GET /events/", () => {
  const session = randomUUID();
  const times = Array.from({ length: 25 }, (_, index) => `2021-03-${String(index + 1).padStart(2, "0")} 00:00:00`);

  beforeAll(async () => {
    for (const [index, timestamp] of times.entries()) {
      const category = index % 2 === 0 ? "even" : "odd";
      await d.made("/events/", { session_id: session, category, name: "page", timestamp });
    }
    await d.listed(`/events/?session_id=${session}`, times.length);
  });
  const days = (events: Json[]) => events.map(({ timestamp }) => Number(timestamp.slice(8, 10)));

  test("pages, ten at a time, with a next that is followed as it is", async () => {
    const pages: Json[] = [];
    for (let next = `/events/?session_id=${session}`; next; next = pages.at(-1).next) {
      const { status, body } = await d.get(next);
      expect(status).toBe(200);
      expect(Object.keys(body).sort()).toEqual(["next", "results"]);
      pages.push(body);
    }
    expect(pages.map(({ results }) => results.length)).toEqual([10, 10, 5]);
    expect(pages.map(({ next }) => next)).toEqual([
      expect.stringContaining(`${bed.url}/events/?`),
      expect.stringContaining(`${bed.url}/events/?`),
      null,
    ]);
    expect(days(pages.flatMap(({ results }) => results))).toEqual(Array.from({ length: 25 }, (_, index) => 25 - index));
  });

  test.each([
    ["category=odd", 12],
    ["category=none", 0],
    ["timestamp_after=2021-03-24", 2],
    ["timestamp_after=2021-03-24T00:00:00.000001Z", 1],
    ["timestamp_before=2021-03-02", 2],
    ["timestamp_before=2021-03-01%2023:59:59", 1],
    ["timestamp_after=2021-03-10&timestamp_before=2021-03-12", 3],
    ["timestamp_after=2021-03-10&timestamp_before=2021-03-12&category=odd", 2],
  ])("?%s finds %i", async (query, count) => {
    expect(await d.all(`/events/?session_id=${session}&${query}`)).toHaveLength(count);
  });

  test.each([
    ["timestamp_after", "2021-02-30"],
    ["timestamp_before", "yesterday"],
    ["timestamp_after", ""],
  ])("?%s=%s is 400", async (parameter, text) => {
    const answer = await d.get(`/events/?${parameter}=${text}`);
    expect([answer.status, fieldsIn(answer)]).toEqual([400, [parameter]]);
  });

  test("an unknown parameter is 400 naming it", async () => {
    const answer = await d.get("/events/?colour=red&session_id=1");
    expect([answer.status, fieldsIn(answer)]).toEqual([400, ["colour"]]);
  });
});
