import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Json } from "../support/call-gateway.ts";
import { eventually } from "../support/eventually.ts";
import { startTestBed, type TestBed } from "../support/test-bed.ts";
import { fieldsIn, type Tracker, trackerOf } from "./support/tracker.ts";

let bed: TestBed;
let a: Tracker;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "gateway"]);
  a = trackerOf(bed.url);
});
afterAll(() => bed.stop());

const CHANNEL = "bobs-door-knobs";
const MINUTE = 60;

const hit = (visitor: string, seconds: number, timezoneOffset = -60, channel = CHANNEL) => ({
  channel_id: channel,
  visitor_id: visitor,
  timestamp: String(seconds),
  timezone_offset: timezoneOffset,
  url: "https://bobs-door-knobs.example/brass",
  referrer_url: "https://search.example/",
});
const iso = (seconds: number) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;

describe("POST /events", () => {
  const expected = {
    id: expect.any(String),
    namespace: CHANNEL,
    person_id: "visitor1",
    name: "pageview",
    timestamp: "2018-12-15T17:48:58Z",
    data: {
      timezone_offset: -60,
      url: "https://bobs-door-knobs.example/brass",
      referrer_url: "https://search.example/",
    },
    receive_time: expect.any(String),
  };

  test("takes one object: channel, visitor, and every key that is unknown as data", async () => {
    const answer = await a.post("/events", hit("visitor1", 1544896138));
    expect(answer).toMatchObject({ status: 201 });
    expect(answer.body).toEqual(expected);
    expect(await a.found(`/events/${answer.body.id}`)).toEqual(answer.body);
  });

  test("takes an array, and answers its events in order", async () => {
    const answer = await a.post("/events", [hit("visitor1", 1544896138), hit("visitor2", 1544896139)]);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual([expected, { ...expected, person_id: "visitor2", timestamp: "2018-12-15T17:48:59Z" }]);
    for (const event of answer.body) expect(await a.found(`/events/${event.id}`)).toEqual(event);
  });

  test("a hit that has a name keeps it", async () => {
    expect(await a.made("/events", { ...hit("visitor1", 1544896138), name: "scroll" })).toMatchObject({
      name: "scroll",
    });
  });

  test("of an array each hit is taken or refused by itself, and the answer tells which", async () => {
    const { status, body } = await a.post("/events", [hit("v", 1544896138), { ...hit("v", 1), timestamp: "noon" }, {}]);
    expect(status).toBe(207);
    expect(body.results).toMatchObject([{ accepted: { person_id: "v" } }, { refused: { code: 3 } }, { refused: {} }]);
    expect(fieldsIn({ body: body.results[1].refused } as Json)).toEqual(["[1].timestamp"]);
    expect(fieldsIn({ body: body.results[2].refused } as Json)).toEqual(["[2].name"]);
    expect(await a.found(`/events/${body.results[0].accepted.id}`)).toEqual(body.results[0].accepted);
  });

  test("an array of which no hit can be taken is 400 naming each field", async () => {
    const answer = await a.post("/events", [{ ...hit("v", 1), visitor_id: "" }, { name: "" }, 7]);
    expect(answer.status).toBe(400);
    expect(fieldsIn(answer)).toEqual(["[0].visitor_id", "[1].name", "[2]"]);
  });

  test("names that mean the same and say different things are 400 naming both", async () => {
    const clash = { ...hit("v", 1), namespace: "other", data: { url: "https://another.example/" } };
    const answer = await a.post("/events", clash);
    expect([answer.status, fieldsIn(answer)]).toEqual([400, ["channel_id", "data.url", "namespace", "url"]]);
  });
});

describe("the daily job", () => {
  const midnight = new Date().setUTCHours(0, 0, 0, 0) / 1000 - 86_400;
  const noon = midnight - 12 * 60 * MINUTE;
  const every30 = (start: number, count: number) =>
    Array.from({ length: count }, (_, index) => start + index * 30 * MINUTE);
  const close = async (request: object = { before: iso(midnight) }) =>
    (await a.post("/v1/sessions:close", request)).body;

  /** The sessions of one visitor, oldest first, once they have so many hits together. */
  const sessionsOf = (visitor: string, hits: number): Promise<Json[]> =>
    eventually(async () => {
      const sessions = await a.all(`/sessions?visitor_id=${encodeURIComponent(visitor)}`);
      const counted = sessions.reduce((sum, { event_count }) => sum + event_count, 0);
      return counted === hits ? sessions.reverse() : undefined;
    });

  beforeAll(async () => {
    const times = every30(noon, 5);
    // A late hit counts as if it had come in order.
    await a.made(
      "/events",
      [3, 0, 4, 1, 2].map((index) => hit("noon", times[index]!, index === 1 ? 120 : -60)),
    );
    await a.made(
      "/events",
      every30(midnight - 60 * MINUTE, 4).map((time) => hit("past midnight", time)),
    );
    await a.made(
      "/events",
      every30(midnight - 30 * MINUTE, 2).map((time) => hit("until midnight", time)),
    );
    await a.made(
      "/events",
      [CHANNEL, "toms-door-bells"].map((channel) => hit("both channels", noon, 0, channel)),
    );
    await sessionsOf("noon", 5);
    await sessionsOf("past midnight", 4);
    await sessionsOf("until midnight", 2);
    await sessionsOf("both channels", 2);
    expect(await close()).toMatchObject({ before: iso(midnight) });
  });

  test("closes a session with start, end, hit count, visitor, channel, largest timezone offset and its hits", async () => {
    const [session, ...others] = await sessionsOf("noon", 5);
    expect(others).toEqual([]);
    expect(session).toMatchObject({
      namespace: CHANNEL,
      person_id: "noon",
      start_time: iso(noon),
      end_time: iso(noon + 120 * MINUTE),
      event_count: 5,
      state: "closed",
    });
    const { events, timezone_offset, ...same } = await a.found(`/sessions/${session.id}`);
    expect(same).toMatchObject(session);
    expect(timezone_offset).toBe(120);
    expect(events.map(({ timestamp }: Json) => timestamp)).toEqual(every30(noon, 5).map(iso));
  });

  test("leaves a session that runs on past midnight open, with all its hits", async () => {
    const [session] = await sessionsOf("past midnight", 4);
    expect(session).toMatchObject({ event_count: 4, start_time: iso(midnight - 60 * MINUTE), state: "open" });
    expect((await a.found(`/sessions/${session.id}`)).events).toHaveLength(4);
  });

  test("leaves a session whose last hit is at midnight exactly open, with that hit counted once", async () => {
    const [session] = await sessionsOf("until midnight", 2);
    expect(session).toMatchObject({ event_count: 2, end_time: iso(midnight), state: "open" });
  });

  test("run twice, it changes nothing", async () => {
    const before = await a.all("/sessions");
    expect(await close()).toMatchObject({ closedCount: "0" });
    expect(await a.all("/sessions")).toEqual(before);
  });

  test("one visitor on two channels has two sessions", async () => {
    const sessions = await sessionsOf("both channels", 2);
    expect(sessions.map(({ namespace }) => namespace).sort()).toEqual([CHANNEL, "toms-door-bells"]);
  });

  test("without a time it closes what ended before 00:00 UTC today, and nothing of today", async () => {
    await a.made("/events", hit("today", Math.floor(Date.now() / 1000)));
    await sessionsOf("today", 1);
    await close({});
    const states = async (visitor: string, hits: number) => (await sessionsOf(visitor, hits)).map(({ state }) => state);
    expect(await states("past midnight", 4)).toEqual(["closed"]);
    expect(await states("until midnight", 2)).toEqual(["closed"]);
    expect(await states("today", 1)).toEqual(["open"]);
  });
});
