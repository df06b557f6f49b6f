import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { callGateway } from "./support/call-gateway.ts";
import { diceOf } from "./support/dice.ts";
import { eventually } from "./support/eventually.ts";
import {
  aggregates,
  keptSessions,
  recount,
  recountedSessions,
  untilMaterialised,
  untilQuiet,
} from "./support/recounts.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"], { MATERIALISE_EVERY: "100ms" });
});
afterAll(() => bed.stop());

const call = (method: string, path: string, body?: unknown) => callGateway(bed.url, method, path, body);

const untilStored = (id: string) =>
  eventually(async () => ((await call("GET", `/v1/events/${id}`)).status === 200 ? true : undefined));

test("PATCH changes the fields of its body, PUT all, DELETE answers 204 and then 404", async () => {
  const { body: event } = await call("POST", "/v1/events", { name: "click", category: "page", value: 1 });
  await untilStored(event.id);
  const patched = await call("PATCH", `/v1/events/${event.id}`, { name: "tap", value: null });
  expect(patched).toMatchObject({ status: 200, body: { id: event.id, name: "tap", category: "page" } });
  expect(patched.body).not.toHaveProperty("value");
  const put = await call("PUT", `/v1/events/${event.id}`, { name: "put" });
  expect(put).toMatchObject({ status: 200, body: { id: event.id, name: "put", timestamp: event.timestamp } });
  expect(put.body).not.toHaveProperty("category");
  expect(await call("PATCH", `/v1/events/${event.id}`, { name: "" })).toMatchObject({ status: 400 });
  expect((await call("DELETE", `/v1/events/${event.id}`)).status).toBe(204);
  expect((await call("DELETE", `/v1/events/${event.id}`)).status).toBe(404);
});

/** What an event may be: few persons, sessions and series in few hours, so that changes meet. */
function randomFacts(namespace: string, dice: () => number) {
  const pick = <T>(values: T[]) => values[Math.floor(dice() * values.length)]!;
  return {
    namespace,
    name: pick(["cpu", "hit"]),
    sessionId: pick([undefined, undefined, "s1", "s2"]),
    personId: pick([undefined, "ann", "bob", "cleo"]),
    timestamp: new Date(Date.UTC(2026, 1, 1) + Math.floor(dice() * 300) * 4 * 60_000).toISOString(),
    value: pick([undefined, Math.round(dice() * 1000) / 10]),
  };
}

test.each([[1], [2], [3]])(
  "sessions and aggregates equal a recount after random events were tracked, changed and deleted (seed %d)",
  async (seed) => {
    const namespace = `random-${seed}`;
    const dice = diceOf(seed);
    // Several at once, each on events of its own and on those of all.
    const ids: string[] = [];
    const work = async () => {
      for (let step = 0; step < 40; step++) {
        const id = ids[Math.floor(dice() * ids.length)];
        const facts = randomFacts(namespace, dice);
        const choice = dice();
        if (!id || choice < 0.5) {
          const fresh = randomUUID();
          await call("POST", "/v1/events", { id: fresh, ...facts });
          ids.push(fresh);
        } else if (choice < 0.85) await call(dice() < 0.5 ? "PATCH" : "PUT", `/v1/events/${id}`, facts);
        else await call("DELETE", `/v1/events/${id}`);
      }
    };
    await Promise.all(Array.from({ length: 6 }, work));
    await untilQuiet(bed);

    const sessions = await keptSessions(bed, namespace);
    expect(sessions.length).toBeGreaterThan(5);
    expect(sessions).toEqual(await recountedSessions(bed, namespace));
    for (const name of ["cpu", "hit"])
      expect(await aggregates(bed, namespace, name)).toEqual(await recount(bed, namespace, name));
    await untilMaterialised(bed, namespace);
    for (const name of ["cpu", "hit"])
      expect(await aggregates(bed, namespace, name)).toEqual(await recount(bed, namespace, name));
  },
);
