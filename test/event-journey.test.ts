import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { callGateway, type Json } from "./support/call-gateway.ts";
import { eventually } from "./support/eventually.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"]);
});
afterAll(() => bed.stop());

const post = (path: string, body: unknown) => callGateway(bed.url, "POST", path, body);
const get = (path: string) => callGateway(bed.url, "GET", path);

/** The body of a resource once it is there. */
const found = (path: string) =>
  eventually(async () => {
    const { status, body } = await get(path);
    return status === 200 ? body : undefined;
  });

const purchase = {
  namespace: "shop",
  name: "purchase",
  category: "order",
  sessionId: "visit-1",
  timestamp: "2026-03-04T05:06:07.089012Z",
  value: 12.5,
  data: { items: ["door", "knob"], coupon: null },
};

test("an event comes from JSON into its table, its session and its aggregate", async () => {
  const accepted = await post("/v1/events", purchase);
  expect(accepted).toMatchObject({ status: 201, body: purchase });
  const { id } = accepted.body;

  expect(await found(`/v1/events/${id}`)).toEqual(accepted.body);
  expect(await found("/v1/sessions/visit-1")).toEqual({
    id: "visit-1",
    namespace: "shop",
    startTime: purchase.timestamp,
    endTime: purchase.timestamp,
    eventCount: "1",
    entryEventId: id,
    exitEventId: id,
    state: "SESSION_STATE_CLOSED",
  });
  await eventually(async () => {
    const { body } = await get("/v1/aggregates/shop/purchase?granularity=day&aggregationType=sum&tsMin=2026-03-04");
    expect(body.rows).toMatchObject([
      { bucketStart: "2026-03-04T00:00:00Z", aggregatedTimestamp: purchase.timestamp, value: 12.5, count: "1" },
    ]);
    return true;
  });
});

test("the same event sent five times is stored once, and counted once in its session and its aggregate", async () => {
  const event = { ...purchase, name: "once", sessionId: "once" };
  const ids = new Set<string>();
  for (let i = 0; i < 5; i++) ids.add((await post("/v1/events", event)).body.id);
  expect(ids.size).toBe(1);
  // What is sent after them is counted after them.
  await post("/v1/events", { ...event, timestamp: "2026-03-04T06:00:00Z" });
  await eventually(async () => {
    const { eventCount } = (await get("/v1/sessions/once")).body;
    expect(Number(eventCount ?? 0)).toBeLessThanOrEqual(2);
    return eventCount === "2" ? true : undefined;
  });
  expect((await get("/v1/events?name=once")).body.events).toHaveLength(2);
  await eventually(async () => {
    const { body } = await get("/v1/aggregates/shop/once?granularity=hour&aggregationType=count");
    expect(body.rows.map(({ count }: Json) => count)).toEqual(["1", "1"]);
    return true;
  });
});

test("events of a person, late and out of order, are one session", async () => {
  for (const minute of ["40", "00", "20"]) {
    await post("/v1/events", {
      namespace: "late",
      name: "hit",
      personId: "ann",
      timestamp: `2026-03-04T10:${minute}:00Z`,
    });
  }
  const session = await eventually(async () => {
    const { body } = await get("/v1/sessions?namespace=late&personId=ann");
    return body.sessions.length === 1 && body.sessions[0].eventCount === "3" ? body.sessions[0] : undefined;
  });
  expect(session).toMatchObject({
    personId: "ann",
    startTime: "2026-03-04T10:00:00Z",
    endTime: "2026-03-04T10:40:00Z",
  });
});

test("a bad event is refused with every offending field, and leaves nothing", async () => {
  const { status, body } = await post("/v1/events", {
    name: "",
    namespace: "shop",
    colour: "red",
    value: "NaN",
    id: "7",
  });
  expect(status).toBe(400);
  const details: { fieldViolations?: { field: string }[] }[] = body.details;
  const fields = details.flatMap(({ fieldViolations }) => fieldViolations ?? []).map(({ field }) => field);
  expect(fields.sort()).toEqual(["colour", "id", "name", "value"]);
  expect((await get("/v1/events?namespace=shop")).body.events.map(({ name }: Json) => name)).not.toContain("");
});

test("a batch as JSON answers what became of each event", async () => {
  const { status, body } = await post("/v1/events", [{ name: "good" }, { name: "n".repeat(151) }]);
  expect(status).toBe(200);
  expect(body.results).toMatchObject([
    { accepted: { id: expect.any(String) } },
    { refused: { code: 3, message: expect.stringContaining("name") } },
  ]);
});

test("a bad query is refused with every offending parameter, what the gateway finds and what the service finds", async () => {
  const fieldsOf = async (path: string) => {
    const { status, body } = await get(path);
    expect(status).toBe(400);
    return body.details
      .flatMap(({ fieldViolations = [] }: Json) => fieldViolations.map(({ field }: Json) => field))
      .sort();
  };
  expect(await fieldsOf("/v1/events?pageSize=-1&foo=1&namespace=&timestampMin=x")).toEqual([
    "foo",
    "namespace",
    "pageSize",
    "timestampMin",
  ]);
  expect(await fieldsOf(`/v1/aggregates/shop/${"n".repeat(300)}?granularity=zz&foo=1`)).toEqual([
    "aggregation_type",
    "foo",
    "granularity",
    "name",
  ]);
});
