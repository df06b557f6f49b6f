import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Json } from "../support/call-gateway.ts";
import { eventually } from "../support/eventually.ts";
import { startTestBed, type TestBed } from "../support/test-bed.ts";
import { fieldsIn, type Tracker, trackerOf } from "./support/tracker.ts";

let bed: TestBed;
let b: Tracker;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "aggregation", "gateway"]);
  b = trackerOf(bed.url);
});
afterAll(() => bed.stop());

describe("POST /api/track/", () => {
  test("answers 201 with id, namespace, name, timestamp and value; a time without a zone is UTC", async () => {
    const measurement = { namespace: "Frontend", name: "pageView", timestamp: "2020-11-12T11:10:00", value: 1 };
    const { status, body } = await b.post("/api/track/", measurement);
    expect(status).toBe(201);
    expect(body).toEqual({ ...measurement, id: expect.any(String), timestamp: "2020-11-12T11:10:00Z" });
  });

  test("the timestamp defaults to now", async () => {
    const before = Date.now();
    const { timestamp } = await b.made("/api/track/", { namespace: "Frontend", name: "now", value: 0.5 });
    expect(Date.parse(timestamp)).toBeGreaterThanOrEqual(before - 1000);
    expect(Date.parse(timestamp)).toBeLessThanOrEqual(Date.now() + 1000);
  });

  test.each<[string, object, string[]]>([
    ["nothing", {}, ["name", "namespace", "value"]],
    ["no namespace", { name: "n", value: 1 }, ["namespace"]],
    ["no name", { namespace: "n", value: 1 }, ["name"]],
    ["no value", { namespace: "n", name: "n" }, ["value"]],
    [
      "wrong fields",
      { namespace: "", name: 7, value: "much", timestamp: "noon" },
      ["name", "namespace", "timestamp", "value"],
    ],
  ])("%s is 400 naming each field", async (_, body, fields) => {
    const answer = await b.post("/api/track/", body);
    expect(answer).toMatchObject({ status: 400, body: { code: 3, message: expect.any(String) } });
    expect(fieldsIn(answer)).toEqual(fields);
  });

  test("an array is 400", async () => {
    expect((await b.post("/api/track/", [{ namespace: "n", name: "n", value: 1 }])).status).toBe(400);
  });

  test("what is refused is kept as one error", async () => {
    const namespace = randomUUID();
    await b.post("/api/track/", { namespace, name: "load" });
    await b.post("/api/track/", { namespace, name: "", value: 1 });
    expect(await b.listed(`/errors?namespace=${namespace}`, 2)).toMatchObject([
      { payload: { namespace, name: "", value: 1 }, reasons: [{ field: "name" }] },
      { payload: { namespace, name: "load" }, reasons: [{ field: "value" }] },
    ]);
  });
});

describe("GET /api/events/<namespace>/<name>", () => {
  const series = "/api/events/Backend/load";
  const values: [timestamp: string, value: number][] = [
    ["2020-11-12T11:10:00", 1],
    ["2020-11-12T11:10:00", 2],
    ["2020-11-12T11:10:30", 6],
    ["2020-11-12T11:59:00", 20],
    ["2020-11-12T12:00:00", 30],
    ["2020-11-13T00:00:00", 40],
    ["2020-11-15T23:59:59", 50],
    ["2020-11-16T00:00:00", 60],
    ["2020-12-01T00:00:00", 70],
    ["2021-01-01T00:00:00", 80],
  ];
  const rows = async (query: string) => {
    const { status, body } = await b.get(series + query);
    expect(status).toBe(200);
    return body.map(({ aggregatedTimestamp, value }: Json) => [aggregatedTimestamp, value]);
  };
  const at = (iso: string) => Date.parse(iso) / 1000;

  beforeAll(async () => {
    for (const [timestamp, value] of values) {
      await b.made("/api/track/", { namespace: "Backend", name: "load", timestamp, value });
    }
    await eventually(async () => {
      // All of them: what lies before the frontier is in no such answer until its buckets are marked.
      expect((await rows("?granularity=year")).map(([, value]: Json) => value)).toEqual([31, 80]);
      return true;
    });
  });

  test("is a flat list, oldest first: by default the average of each distinct timestamp", async () => {
    const { status, body } = await b.get(`${series}?tsMax=${at("2020-11-12T11:59:00Z")}`);
    expect(status).toBe(200);
    expect(body).toEqual([
      { aggregatedTimestamp: "2020-11-12T11:10:00Z", value: 1.5 },
      { aggregatedTimestamp: "2020-11-12T11:10:30Z", value: 6 },
      { aggregatedTimestamp: "2020-11-12T11:59:00Z", value: 20 },
    ]);
    expect(await rows(`?granularity=none&aggregationType=avg&tsMax=${at("2020-11-12T11:59:00Z")}`)).toHaveLength(3);
  });

  test.each([
    ["max", 6],
    ["min", 1],
    ["avg", 3],
  ])("aggregationType %s", async (type, value) => {
    const query = `?granularity=minute&aggregationType=${type}&tsMax=${at("2020-11-12T11:10:59Z")}`;
    expect(await rows(query)).toEqual([["2020-11-12T11:10:00Z", value]]);
  });

  test.each([
    ["minute", [6, 20, 30, 40, 50, 60, 70, 80]],
    ["hour", [20, 30, 40, 50, 60, 70, 80]],
    ["day", [30, 40, 50, 60, 70, 80]],
    ["week", [50, 60, 70, 80]],
    ["month", [60, 70, 80]],
    ["year", [70, 80]],
  ])("granularity %s", async (granularity, highest) => {
    const found = await rows(`?granularity=${granularity}&aggregationType=max`);
    expect(found.map(([, value]: Json) => value)).toEqual(highest);
  });

  test("aggregatedTimestamp is the earliest event of the group", async () => {
    expect(await rows("?granularity=year")).toEqual([
      ["2020-11-12T11:10:00Z", 31],
      ["2021-01-01T00:00:00Z", 80],
    ]);
  });

  test("tsMin and tsMax are both inclusive, and each works alone", async () => {
    const [from, to] = [at("2020-11-12T12:00:00Z"), at("2020-11-16T00:00:00Z")];
    const found = async (query: string) => (await rows(query)).map(([, value]: Json) => value);
    expect(await found(`?tsMin=${from}&tsMax=${to}`)).toEqual([30, 40, 50, 60]);
    expect(await found(`?tsMin=${from}`)).toEqual([30, 40, 50, 60, 70, 80]);
    expect(await found(`?tsMax=${from}`)).toEqual([1.5, 6, 20, 30]);
    expect(await found(`?tsMin=${from + 1}&tsMax=${to - 1}`)).toEqual([40, 50]);
  });

  test("an unknown series is 200 []", async () => {
    expect(await b.get("/api/events/Frontend/never")).toMatchObject({ status: 200, body: [] });
  });

  test.each([
    ["granularity=fortnight", "granularity"],
    ["granularity=", "granularity"],
    ["aggregationType=median", "aggregationType"],
    ["tsMin=2020-11-12", "tsMin"],
    ["tsMax=soon", "tsMax"],
  ])("%s is 400", async (query, field) => {
    const answer = await b.get(`${series}?${query}`);
    expect([answer.status, fieldsIn(answer)]).toEqual([400, [field]]);
  });
});
