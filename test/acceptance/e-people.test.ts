import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startTestBed, type TestBed } from "../support/test-bed.ts";
import { type Tracker, trackerOf } from "./support/tracker.ts";

let bed: TestBed;
let e: Tracker;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"]);
  e = trackerOf(bed.url);
});
afterAll(() => bed.stop());

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
