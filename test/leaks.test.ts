import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { problemOf } from "@ocellus/fuzz/judge.ts";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { registerClient } from "./support/access.ts";
import { askForToken, tokenOf } from "./support/client-token.ts";
import { eventually } from "./support/eventually.ts";
import { fetch, tokenFor } from "./support/fetch-with-token.ts";
import { sharedServers } from "./support/shared-servers.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

const SERVICES = ["ingest", "sessions", "aggregation", "gateway"] as const;
const MARK = `mark${randomUUID().slice(0, 8)}`;
/** What must not be found anywhere; each is sent somewhere. */
const secrets = new Set<string>();
/** What was answered to calls that failed. */
const refusals: string[] = [];
let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed([...SERVICES], { LOG_LEVEL: "trace" });
  await bed.query("alter table ingest.events add constraint no_poison check (name not like '%poison%')");
  await bed.query("alter table sessions.persons add constraint no_poison check (role not like '%poison%')");
  await sendEverything();
});
afterAll(() => bed?.stop());

/** A text of which every occurrence in a log is a leak. */
const marked = (what: string) => `${MARK}-${what}`;

const event = (more: object = {}) => ({
  name: marked("name"),
  namespace: marked("namespace"),
  category: marked("category"),
  sessionId: marked("session"),
  personId: marked("person"),
  timestamp: new Date().toISOString(),
  data: { [marked("key")]: marked("value"), email: `${MARK}@example.com` },
  ...more,
});

const person = (more: object = {}) => ({
  namespace: marked("namespace"),
  email: `${MARK}@example.com`,
  firstName: marked("first"),
  lastName: marked("last"),
  role: marked("role"),
  ...more,
});

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await fetch(bed.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: text,
  });
  if (answer.status >= 400) refusals.push(`${JSON.stringify([...answer.headers])}${await answer.clone().text()}`);
  return answer;
}

async function sendEverything(): Promise<void> {
  await sendEvents();
  await sendPersons();
  await sendCredentials();
  await bed.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where usename like 'ocellus_%' and datname = current_database()",
  );
  await Promise.all(Array.from({ length: 20 }, () => post("/v1/persons", person())));
  await bed.nats.stop("SIGKILL");
  await post("/v1/events", event());
  await bed.restartNats();
  await eventually(async () => (await post("/v1/events", event())).status === 201 || undefined);
  const errors = bed.client("ingest", EventErrorService);
  await eventually(async () => {
    const { eventErrors } = await errors.listEventErrors({ namespace: marked("namespace") });
    return eventErrors.length >= 5 || undefined;
  });
}

async function sendEvents(): Promise<void> {
  const ingest = bed.client("ingest", IngestService);
  const id = randomUUID();
  const known = event({ id });
  expect((await post("/v1/events", known)).status).toBe(201);
  expect((await post("/events/", { ...known, url: marked("url") })).status).toBe(201);
  // By COPY, and beside an event that is stored already, by INSERT.
  await post("/v1/events", event({ name: marked("poison") }));
  await eventually(async () => (await fetch(`${bed.url}/v1/events/${id}`)).status === 200 || undefined);
  await post("/v1/events", [known, event({ name: marked("poison-again") })]);
  await post("/v1/events", event({ name: "", value: marked("value"), [marked("field")]: marked("value") }));
  await post("/v1/events", `{"name": ${marked("value")}`);
  await post("/events/", { channel_id: marked("namespace"), timestamp: marked("time"), data: null });
  const { timestamp: _, ...plain } = event({ name: "n".repeat(151) });
  await ingest.trackEvent({ event: plain }).catch((error) => refusals.push(error.details));
  await fetch(`${bed.url}/v1/${marked("path")}?a=${marked("query")}`);
  await fetch(`${bed.url}/v1/events?pageToken=${marked("token")}&namespace=${marked("namespace")}`);
}

async function sendPersons(): Promise<void> {
  const id = randomUUID();
  expect((await post("/v1/persons", person({ id }))).status).toBe(201);
  expect((await post("/v1/persons", person({ id }))).status).toBe(409);
  await post("/v1/persons", person({ email: marked("no-address") }));
  // MikroORM's own statement fails.
  expect((await post("/v1/persons", person({ role: marked("poison") }))).status).toBe(500);
  const persons = bed.client("sessions", PersonService);
  await persons.createPerson({ person: person({ role: marked("poison") }) }).catch((e) => refusals.push(e.details));
}

async function sendCredentials(): Promise<void> {
  const client = await registerClient(bed.url, { scopes: ["read"] });
  const token = await tokenOf(bed.url, client);
  for (const secret of [client.secret, token, bed.administrator.secret, (await tokenFor(bed.url))!])
    secrets.add(secret);
  const wrong = marked("secret");
  refusals.push(JSON.stringify(await askForToken(bed.url, { ...client, secret: wrong })));
  refusals.push(JSON.stringify(await askForToken(bed.url, client, { scope: marked("scope") })));
  await post("/v1/events", event(), { authorization: `Bearer ${token}` });
  await post("/v1/events", event(), { authorization: `Bearer ${token.slice(0, -4)}AAAA` });
  await post("/v1/events", event(), {
    authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}`,
  });
}

/** What is found of `texts`, with what is around it. */
function foundIn(log: string, texts: Iterable<string>): string[] {
  return [...texts].flatMap((text) => {
    const at = log.indexOf(text);
    return at < 0 ? [] : [log.slice(Math.max(0, at - 300), at + 300)];
  });
}

describe("after events, persons and credentials were sent, taken, refused and failed on", () => {
  test.each([...SERVICES, "nats" as const])("the log of %s holds none of it", (name) => {
    expect(foundIn(bed.logOf(name), [MARK, ...secrets])).toEqual([]);
  });

  test("the log of PostgreSQL holds none of it", () => {
    const log = readFileSync(join(sharedServers().folder, "postgres/postgres.log"), "utf8");
    expect(log).toContain("ready to accept connections");
    expect(foundIn(log, [MARK, ...secrets])).toEqual([]);
  });

  test.each([
    ["ingest", "PostgreSQL refused an event"],
    ["sessions", "an unexpected error"],
    ["sessions", '"constraint":"no_poison"'],
    ["gateway", '"route":"POST /v1/events"'],
    ["nats", "Server is ready"],
  ] as const)("the log of %s tells what happened: %s", (name, text) => {
    expect(bed.logOf(name)).toContain(text);
  });

  test("no error that was answered holds a secret, or anything of the inside", () => {
    expect(refusals.length).toBeGreaterThan(10);
    for (const text of refusals) {
      expect(foundIn(text, secrets)).toEqual([]);
      expect(problemOf({ status: "400", failed: true, text })).toBeUndefined();
    }
  });

  test("what is kept of an event that PostgreSQL refused says why, and nothing of tables", async () => {
    const { eventErrors } = await bed.client("ingest", EventErrorService).listEventErrors({ pageSize: 1000 });
    const messages = eventErrors.map(({ status }) => status!.message);
    expect(messages).toContain('PostgreSQL refused the event: it breaks the rule "no_poison" (23514)');
    expect(messages.filter((message) => /relation|column|row/.test(message))).toEqual([]);
  });
});
