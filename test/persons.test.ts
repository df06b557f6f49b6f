import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { callGateway, type Json } from "./support/call-gateway.ts";
import { eventually } from "./support/eventually.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"], { MATERIALISE_EVERY: "100ms" });
});
afterAll(() => bed.stop());

const call = (method: string, path: string, body?: unknown) => callGateway(bed.url, method, path, body);

test("a person is registered, read, changed, listed and deleted over REST, with events, sessions and aggregates", async () => {
  const namespace = "marauders";
  const kate = { namespace, email: "kate.pryde@marauders.mock", firstName: "Kate", lastName: "Pryde", role: "admin" };
  const { status, body: person } = await call("POST", "/v1/persons", kate);
  expect([status, person]).toEqual([201, { id: person.id, ...kate, createTime: expect.anything() }]);
  const { id } = person;
  await call("POST", "/v1/events", { namespace, personId: id, name: "click", value: 2 });
  await call("POST", "/v1/events", { namespace, personId: "other", name: "click", value: 3 });
  const eventsOf = async (personId: string) =>
    (await call("GET", `/v1/events?namespace=${namespace}&personId=${personId}`)).body.events as Json[];
  const sessionsOf = async (personId: string) =>
    (await call("GET", `/v1/sessions?namespace=${namespace}&personId=${personId}`)).body.sessions as Json[];
  const clicks = async () =>
    (await call("GET", `/v1/aggregates/${namespace}/click?granularity=day&aggregationType=sum`)).body.rows.map(
      ({ value }: Json) => value,
    );
  const equals = async (read: () => Promise<unknown>, expected: unknown) =>
    eventually(async () => {
      expect(await read()).toEqual(expected);
      return true;
    });
  await equals(async () => (await eventsOf(id)).map(({ name }) => name), ["click", "signup"]);
  await equals(async () => (await sessionsOf(id)).map(({ eventCount }) => eventCount), ["2"]);
  await equals(clicks, [5]);

  expect(await call("GET", `/v1/persons/${id}`)).toEqual({ status: 200, body: person });
  const patched = await call("PATCH", `/v1/persons/${id}`, { ...person, role: "captain", lastName: null });
  expect(patched).toMatchObject({ status: 200, body: { id, role: "captain", firstName: "Kate" } });
  expect(patched.body).not.toHaveProperty("lastName");
  expect((await call("GET", `/v1/persons?namespace=${namespace}&role=captain`)).body.persons).toEqual([patched.body]);
  expect(await call("POST", "/v1/persons", { email: "kate@" })).toMatchObject({ status: 400 });
  expect(await call("GET", "/v1/persons/kate")).toMatchObject({ status: 400 });

  expect((await call("DELETE", `/v1/persons/${id}`)).status).toBe(204);
  expect([await eventsOf(id), await sessionsOf(id)]).toEqual([[], []]);
  expect((await call("GET", `/v1/persons/${id}`)).status).toBe(404);
  expect((await call("DELETE", `/v1/persons/${id}`)).status).toBe(404);
  await equals(clicks, [3]);
  await equals(async () => (await sessionsOf("other")).map(({ eventCount }) => eventCount), ["1"]);
});
