import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Json } from "./support/call-gateway.ts";
import { eventually } from "./support/eventually.ts";
import { fetch } from "./support/fetch-with-token.ts";
import { holdUpStoring } from "./support/hold-up-storing.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"]);
});
afterAll(() => bed.stop());

async function post(body: string) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${bed.url}/v1/events`, { method: "POST", headers, body });
  return { status: response.status, retryAfter: response.headers.get("retry-after"), text: await response.text() };
}

/** As many as an upload of a busy site has at once. */
const MANY = Array.from({ length: 200 }, (_, index) => index);

const namedFields = (text: string) =>
  JSON.parse(text).details.flatMap(({ fieldViolations = [] }: Json) => fieldViolations.map(({ field }: Json) => field));
const reasonIn = (text: string) => JSON.parse(text).details.find(({ reason }: Json) => reason)?.reason;

const id = "01890a5d-ac96-774b-bcce-b302099a8057";
const whole = {
  id: id.toUpperCase(),
  namespace: "shop",
  name: 'größe 😀 " \\ \u2028',
  category: "c",
  session_id: "visit-1",
  personId: "ann",
  timestamp: "2026-03-04T05:06:07.089012345+01:00",
  value: -0,
  data: { b: [1, "2", null, { "3": true }], 10: 1e21, 9: -0, "": {}, a: "x".repeat(300) },
};

test.each<[string, Json]>([
  ["a whole event", whole],
  ["an event with an id and a time alone", { id, timestamp: "2026-03-04T05:06:07Z", name: "n" }],
  ["an event with the id of its time", { id, name: "n", data: {} }],
  ["an event named by its content", { sessionId: "s", timestamp: "2026-03-04T05:06:07.1Z", name: "n", value: 1e300 }],
  ["an event from long ago", { sessionId: "s", timestamp: "0001-01-01T00:00:00Z", name: "n" }],
  ["an event without a name", { id, person_id: "" }],
  [
    "an event with everything wrong",
    { id: "1", namespace: "", name: "\0", value: 1, timestamp: "9999-01-01T00:00:00Z" },
  ],
  ["an event with large data", { name: "n", data: { a: "x".repeat(40_000) } }],
  ["an event with more than is sent together", { name: "n", data: { a: "x".repeat(80_000) } }],
  ["an event that cannot be read", { name: 5, colour: "red" }],
  ["a batch", [whole, { id, name: "n" }]],
  ["a batch of which some is refused", [whole, { name: "" }, { id, name: "n" }, { name: "n", sessionId: "" }]],
  ["a batch of which all is refused", [{ name: "" }]],
  ["a batch without events", []],
  ["a batch of too many events", Array.from({ length: 1001 }, () => ({ id, name: "n" }))],
  ["a batch with an event that cannot be read", [{ id, name: "n" }, null]],
])("%s is answered as the usual way answers it, byte for byte", async (_, json) => {
  // A field that is left out by null changes nothing, but is nothing for the swift way.
  const usual = Array.isArray(json) ? [...json] : { ...json, updateTime: null };
  if (Array.isArray(usual) && usual[0]) usual[0] = { ...usual[0], updateTime: null };
  const [swiftAnswer, usualAnswer] = [await post(JSON.stringify(json)), await post(JSON.stringify(usual))];
  const timeless = ({ text, ...rest }: typeof swiftAnswer) => ({
    ...rest,
    text: text.replaceAll(/"receiveTime":"[^"]*"/g, '"receiveTime":""').replaceAll(/clock \([^)]*\)/g, "clock"),
  });
  expect(timeless(swiftAnswer)).toEqual(timeless(usualAnswer));
});

test("of events that are sent at once each has its own answer, and what is refused is kept as it was sent", async () => {
  const bodies = MANY.map((index) =>
    JSON.stringify({ namespace: "many", name: index % 3 ? `n${index}` : "", value: index }),
  );
  const answers = await Promise.all(bodies.map(post));
  for (const [index, { status, text }] of answers.entries()) {
    if (index % 3)
      expect([status, JSON.parse(text)]).toMatchObject([201, { namespace: "many", name: `n${index}`, value: index }]);
    else
      expect([status, namedFields(text), JSON.parse(text).message]).toEqual([400, ["name"], "name: must not be empty"]);
  }
  const accepted = answers.filter(({ status }) => status === 201).map(({ text }) => JSON.parse(text).id);
  const stored = await eventually(async () => {
    const rows = await bed.query<{ id: string }>("select id from ingest.events where namespace = 'many'");
    return rows.length >= accepted.length ? rows.map((row) => row.id) : undefined;
  });
  expect(stored.sort()).toEqual(accepted.sort());
  const refused = bodies.filter((_, index) => index % 3 === 0);
  const kept = await eventually(async () => {
    const rows = await bed.query<{ payload: Buffer }>(
      "select payload from ingest.event_errors where namespace = 'many'",
    );
    return rows.length >= refused.length ? rows.map(({ payload }) => payload.toString()) : undefined;
  });
  expect(kept.sort()).toEqual(refused.sort());
});

test("where a client hangs up, those whose events went with its own are answered all the same", async () => {
  const gone = new AbortController();
  const headers = { "content-type": "application/json" };
  const hanging = MANY.slice(0, 50).map((index) =>
    fetch(`${bed.url}/v1/events`, {
      method: "POST",
      headers,
      body: `{"name":"gone${index}"}`,
      signal: gone.signal,
    }).catch(() => {}),
  );
  const staying = MANY.slice(0, 50).map((index) => post(`{"name":"stays${index}"}`));
  gone.abort();
  expect((await Promise.all(staying)).map(({ status }) => status)).toEqual(staying.map(() => 201));
  await Promise.all(hanging);
});

test("while the queue is full each event is told when to come again", async () => {
  await bed.start("ingest", { EVENTS_MAX_BYTES: String(1024 * 1024) });
  const release = await holdUpStoring(bed);
  try {
    const fill = await eventually(async () => {
      const answers = await Promise.all(
        MANY.map((index) => post(JSON.stringify({ name: `fill${index}`, data: { a: "x".repeat(5000) } }))),
      );
      return answers.every(({ status }) => status === 429) ? answers : undefined;
    });
    for (const { retryAfter, text } of fill) expect([retryAfter, reasonIn(text)]).toEqual(["1", "QUEUE_FULL"]);
    const ids = fill.map(({ text }) => /\(id "([^"]*)", timestamp "[^"]*"\)/.exec(JSON.parse(text).message)?.[1]);
    expect([ids.includes(undefined), new Set(ids).size]).toEqual([false, MANY.length]);
  } finally {
    await release();
  }
  // What lies in the queue may still fill it, and the next test wants room.
  await bed.start("ingest");
  await eventually(async () => (await post('{"name":"room"}')).status === 201 || undefined);
});

test("while NATS is away each event is answered with what a retry of it must carry, and a refused one with its refusal", async () => {
  await bed.nats.stop("SIGKILL");
  const own = (index: number) => `01890a5d-ac96-774b-bcce-${String(index).padStart(12, "0")}`;
  const bodies = MANY.map((index) =>
    JSON.stringify({ id: own(index), timestamp: 1000 + index, name: index % 3 ? "n" : "" }),
  );
  const answers = await eventually(async () => {
    const all = await Promise.all(bodies.map(post));
    return all.every(({ status }) => status !== 201) ? all : undefined;
  });
  for (const [index, { status, retryAfter, text }] of answers.entries()) {
    if (index % 3 === 0) expect([status, namedFields(text)]).toEqual([400, ["name"]]);
    else {
      expect([status, retryAfter, reasonIn(text)]).toEqual([503, "1", "QUEUE_UNAVAILABLE"]);
      const timestamp = new Date((1000 + index) * 1000).toISOString().replace("Z", "000Z");
      expect(JSON.parse(text).message).toContain(`(id "${own(index)}", timestamp "${timestamp}")`);
    }
  }
  await bed.restartNats();
});
