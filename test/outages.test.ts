import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ensureCertificates } from "@ocellus/suite/certificates.ts";
import { type Nats, startNats } from "@ocellus/suite/nats-server.ts";
import { freePort } from "@ocellus/suite/ports.ts";
import { type Postgres, startPostgres } from "@ocellus/suite/postgres.ts";
import { type Suite, startSuite } from "@ocellus/suite/suite.ts";
import { freeSuitePorts } from "@ocellus/suite/suite-ports.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { askForToken, tokensOf } from "./support/client-token.ts";
import { EventSource } from "./support/event-source.ts";
import { eventually } from "./support/eventually.ts";
import { fetch, useTokens } from "./support/fetch-with-token.ts";
import { sharedNats } from "./support/shared-nats.ts";
import { signalAll } from "./support/signal-all.ts";

const folder = temporaryFolder();
let postgres: Postgres;
let nats: Nats;
let suite: Suite;

beforeAll(async () => {
  postgres = await startPostgres({ dataDir: join(folder.path, "postgres"), port: await freePort() });
  const certificates = join(folder.path, "suite/certificates");
  await ensureCertificates(certificates);
  nats = await startNats({
    ...sharedNats(),
    certificates,
    dataDir: join(folder.path, "nats"),
    port: await freePort(),
  });
  suite = await startSuite({
    dataDir: join(folder.path, "suite"),
    ports: await freeSuitePorts(),
    databaseUrl: postgres.adminUrl,
    natsUrl: nats.url,
  });
  useTokens(suite.urls.gateway, tokensOf(suite.urls.gateway, suite.administrator));
});
afterAll(async () => {
  await suite?.stop();
  await nats?.stop("SIGKILL");
  await postgres?.stop("immediate");
  folder[Symbol.dispose]();
});

/** Longer than any answer may take, and far shorter than the hang that these tests look for. */
const PATIENCE_MS = 10_000;

async function call(path: string, event?: object): Promise<{ status: number; reason?: string; id?: string }> {
  const body = event && {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(event),
  };
  const response = await fetch(suite.urls.gateway + path, { ...body, signal: AbortSignal.timeout(PATIENCE_MS) });
  const json = (await response.json()) as { id?: string; details?: { reason?: string }[] };
  return { status: response.status, reason: json.details?.find(({ reason }) => reason)?.reason, id: json.id };
}

const track = (name: string) => call("/v1/events", { name, personId: "ann" });
const untilStored = (id = "") =>
  eventually(async () => ((await call(`/v1/events/${id}`)).status === 200 ? true : undefined), 30_000);

const reads = ["/v1/events", "/v1/sessions", "/v1/aggregates/default/ping?granularity=hour&aggregationType=count"];

async function expectNoAnswers(): Promise<void> {
  for (const path of reads) {
    expect(await call(path)).toMatchObject({ status: 503, reason: "DATABASE_UNAVAILABLE" });
  }
  const token = await askForToken(suite.urls.gateway, suite.administrator);
  expect(token).toMatchObject({ status: 503, body: { error: "temporarily_unavailable" } });
}

const untilAllServe = () =>
  eventually(async () => {
    for (const path of reads) if ((await call(path)).status !== 200) return undefined;
    return true;
  });

test("while PostgreSQL is frozen reads and tokens answer 503, events are accepted, and all is as before when it thaws", async () => {
  await untilStored((await track("ping")).id);
  signalAll(postgres.pid(), "STOP");
  try {
    await expectNoAnswers();
    const accepted = await track("ping");
    expect(accepted.status).toBe(201);
    signalAll(postgres.pid(), "CONT");
    await untilStored(accepted.id);
  } finally {
    signalAll(postgres.pid(), "CONT");
  }
  await untilAllServe();
});

test("while PostgreSQL is down reads and tokens answer 503, and what was accepted or refused meanwhile is kept when it is back", async () => {
  await postgres.stop("immediate");
  await expectNoAnswers();
  const accepted = await track("ping");
  expect(accepted.status).toBe(201);
  for (const body of ['{"namespace":"meanwhile","name":""}', '{"namespace":"meanwhile"']) {
    const answer = await fetch(`${suite.urls.gateway}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    expect(answer.status).toBe(400);
  }
  postgres = await startPostgres({ dataDir: join(folder.path, "postgres"), port: postgres.port });
  await untilStored(accepted.id);
  await eventually(async () => {
    const answer = await fetch(`${suite.urls.gateway}/v1/errors`);
    const { eventErrors = [] } = (await answer.json()) as { eventErrors?: object[] };
    return eventErrors.length === 2 ? true : undefined;
  });
  await untilAllServe();
});

test("while PostgreSQL is frozen a watch ends within moments and says why, and goes on from there when it thaws", async () => {
  const url = `${suite.urls.gateway}/v1/events:watch?name=watched`;
  const watch = await EventSource.open(url);
  signalAll(postgres.pid(), "STOP");
  const accepted = await (async () => {
    try {
      const { type, data } = await watch.next();
      expect([type, data]).toEqual(["error", expect.stringContaining("DATABASE_UNAVAILABLE")]);
      return await track("watched");
    } finally {
      signalAll(postgres.pid(), "CONT");
    }
  })();
  const resumed = await eventually(async () => {
    const source = await EventSource.open(url, watch.lastEventId);
    const { type, data } = await source.next();
    source.close();
    return type === "error" ? undefined : data;
  });
  expect(JSON.parse(resumed).id).toBe(accepted.id);
  await untilAllServe();
});

test("while NATS is frozen events answer 503, stored ones are read, and all is as before when it thaws", async () => {
  const stored = await track("ping");
  await untilStored(stored.id);
  signalAll(nats.pid(), "STOP");
  try {
    expect(await track("ping")).toMatchObject({ status: 503, reason: "QUEUE_UNAVAILABLE" });
    for (const path of reads) expect((await call(path)).status).toBe(200);
  } finally {
    signalAll(nats.pid(), "CONT");
  }
  const { id } = await eventually(async () => {
    const answer = await track("ping");
    return answer.status === 201 ? answer : undefined;
  });
  await untilStored(id);
});
