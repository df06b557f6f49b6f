import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Json } from "./support/call-gateway.ts";
import { EventSource } from "./support/event-source.ts";
import { eventually } from "./support/eventually.ts";
import { fetch } from "./support/fetch-with-token.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"]);
});
afterAll(() => bed.stop());

async function post(event: object): Promise<Json> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${bed.url}/v1/events`, { method: "POST", headers, body: JSON.stringify(event) });
  expect(response.status).toBe(201);
  return response.json();
}

const get = async (path: string): Promise<Json> => (await fetch(bed.url + path)).json();
const valuesOf = async (watch: EventSource, count: number) => {
  const values: number[] = [];
  while (values.length < count) values.push(JSON.parse((await watch.next()).data).value);
  return values.toSorted((a, b) => a - b);
};

test("events are watched over REST while they are posted, as GET answers them, and resumed where the stream ended", async () => {
  const url = `${bed.url}/v1/events:watch?namespace=shop`;
  const watch = await EventSource.open(url);
  await post({ namespace: "other", name: "n" });
  const sent = await post({ namespace: "shop", name: "n", value: 1, data: { text: "two\nlines" } });
  const { type, data } = await watch.next();
  expect([type, JSON.parse(data)]).toEqual(["event", sent]);
  expect(await get(`/v1/events/${sent.id}`)).toEqual(sent);
  watch.close();

  for (const value of [2, 3]) await post({ namespace: "shop", name: "n", value });
  const resumed = await EventSource.open(url, watch.lastEventId);
  expect(await valuesOf(resumed, 2)).toEqual([2, 3]);
  await post({ namespace: "shop", name: "n", value: 4 });
  expect(await valuesOf(resumed, 1)).toEqual([4]);
  resumed.close();
});

test.each(["ingest", "gateway"] as const)(
  "a restart of %s ends streams at once, and loses nothing to those who resume",
  async (name) => {
    const url = `${bed.url}/v1/events:watch?name=restart-${name}`;
    const watch = await EventSource.open(url);
    await post({ name: `restart-${name}`, value: 1 });
    expect(await valuesOf(watch, 1)).toEqual([1]);
    const restarted = bed.start(name);
    const { type, data } = await watch.next();
    expect([type, JSON.parse(data).code]).toEqual(["error", 14]);
    await expect(watch.next()).rejects.toThrow("ended");
    await restarted;
    await eventually(() => post({ name: `restart-${name}`, value: 2 }));
    const resumed = await EventSource.open(url, watch.lastEventId);
    expect(await valuesOf(resumed, 1)).toEqual([2]);
    resumed.close();
  },
);

test("what became of an event is told until it is stored, in its session and counted", async () => {
  const { id, timestamp, receiveTime } = await post({ namespace: "shop", name: "status", personId: "cleo" });
  const status = await eventually(async () => {
    const found = await get(`/v1/events/${id}/status`);
    return found.sessionised && found.counted ? found : undefined;
  });
  const { sessions } = await get("/v1/sessions?namespace=shop&personId=cleo");
  expect(status).toEqual({
    id,
    state: "EVENT_STATE_STORED",
    receiveTime,
    storeTime: expect.any(String),
    timestamps: [timestamp],
    sessionId: sessions[0].id,
    sessionised: true,
    counted: true,
    eventErrorId: "",
  });
});
