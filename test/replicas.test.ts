import { randomUUID } from "node:crypto";
import { get } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { clientCredentials } from "@ocellus/client/client-credentials.ts";
import { createClients } from "@ocellus/client/create-clients.ts";
import { Tracker } from "@ocellus/client/tracker.ts";
import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { type Channel, clientOf, openChannel } from "@ocellus/runtime/grpc-client.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { SERVICES } from "@ocellus/suite/service-process.ts";
import { tokensOf } from "./support/client-token.ts";
import { eventually } from "./support/eventually.ts";
import { tokenFor, useTokens } from "./support/fetch-with-token.ts";
import {
  aggregates,
  keptSessions,
  recount,
  recountedSessions,
  untilMaterialised,
  untilQuiet,
} from "./support/recounts.ts";
import { type ReplicatedSuite, startReplicatedSuite } from "./support/replicated-suite.ts";

/** Ten processes are started at once, on a machine that may have two cores. */
const START_MS = 180_000;
const PACE_MS = 10;
/** So long a client tries again; a copy is replaced within a few seconds. */
const PATIENCE_MS = 30_000;
const NAMESPACE = "replicas";
/** Long enough ago that aggregates are rollups, and so far apart that persons have several sessions. */
const START = Date.parse("2026-03-01T00:00:00Z");
const STEP_MS = 9 * 60_000;

let replicated: ReplicatedSuite;
let url: string;
const channels: Channel[] = [];

beforeAll(async () => {
  replicated = await startReplicatedSuite(2, { aggregation: { MATERIALISE_EVERY: "200ms" } });
  const { urls, administrator } = replicated.suite;
  url = urls.gateway;
  useTokens(url, tokensOf(url, administrator));
}, START_MS);
afterAll(async () => {
  for (const channel of channels) channel.close();
  await replicated[Symbol.asyncDispose]();
});

/** Calls one after another until it is told to end, each again for as long as it finds nobody who answers. */
class Load {
  calls = 0;
  retries = 0;
  /** Rejects when a call has failed for good. */
  readonly failed: Promise<never>;
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;

  constructor(call: () => Promise<unknown>) {
    this.#running = this.#run(call);
    this.failed = this.#running.then(() => new Promise<never>(() => {}));
    this.failed.catch(() => {});
  }

  end(): Promise<void> {
    this.#ended.abort();
    return this.#running;
  }

  async #run(call: () => Promise<unknown>): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const until = Date.now() + PATIENCE_MS;
      await this.#retried(call, until);
      this.calls++;
      await sleep(PACE_MS);
    }
  }

  async #retried(call: () => Promise<unknown>, until: number): Promise<void> {
    for (;;) {
      try {
        await call();
        return;
      } catch (error) {
        if (!isUnavailable(error) || Date.now() > until) throw error;
        this.retries++;
        await sleep(PACE_MS);
      }
    }
  }
}

class Unavailable extends Error {}

function isUnavailable(error: unknown): boolean {
  return error instanceof Unavailable || (error as { code?: unknown }).code === status.UNAVAILABLE;
}

/** Asks the gateway over a connection of its own, as somebody new would. */
async function ask(path: string): Promise<void> {
  const headers = { authorization: `Bearer ${await tokenFor(url)}` };
  const { code, body } = await new Promise<{ code?: number; body: string }>((resolve, reject) => {
    const lost = (error: Error) => reject(new Unavailable(error.message));
    get(url + path, { agent: false, headers }, (response) => {
      text(response).then((body) => resolve({ code: response.statusCode, body }), lost);
    }).on("error", lost);
  });
  if (code === 503) throw new Unavailable(body);
  expect([code, body]).toEqual([200, expect.anything()]);
}

/** What was accepted, by the clients that track. */
const accepted: string[] = [];

const eventOf = (index: number) => ({
  id: randomUUID(),
  timestamp: timestampFromMs(START + index * STEP_MS),
  namespace: NAMESPACE,
  name: `event-${index % 2}`,
  value: index % 10,
  ...(index % 3 === 0 ? { sessionId: `session-${index % 5}` } : { personId: `person-${index % 4}` }),
});

/** Tracks through the gateway, by a tracker that sends again by itself. */
function trackThroughGateway() {
  const { id, secret } = replicated.suite.administrator;
  const clients = createClients({ gateway: url, token: clientCredentials({ gateway: url, id, secret }) });
  const tracker = new Tracker(clients.ingest, { lingerMs: 5, backoff: { initialMs: 20, maxMs: 500 } });
  let tracked = 0;
  return {
    load: new Load(async () => {
      const outcome = await tracker.track(eventOf(tracked++));
      expect(outcome).toEqual({ outcome: "accepted", id: outcome.id, timestamp: expect.anything() });
      accepted.push(outcome.id);
    }),
    close: () => clients.close(),
  };
}

/** Calls the services straight, over one channel to all copies of each. */
function callStraight(): Load[] {
  const { suite, copies } = replicated;
  const client = (service: "ingest" | "sessions" | "aggregation") => {
    const addresses = copies.map((own) => `127.0.0.1:${own[service]}`).join(",");
    const channel = openChannel(addresses, tlsFilesIn(suite.certificates, "developer"));
    channels.push(channel);
    return channel;
  };
  const [toIngest, toSessions, toAggregation] = [client("ingest"), client("sessions"), client("aggregation")];
  const [ingest, events] = [clientOf(IngestService, toIngest), clientOf(EventService, toIngest)];
  const sessions = clientOf(SessionService, toSessions);
  const aggregation = clientOf(AggregationService, toAggregation);
  let tracked = 0;
  let batch: ReturnType<typeof eventOf>[] = [];
  return [
    new Load(async () => {
      // What may have been taken is sent again as it was.
      if (batch.length === 0) batch = Array.from({ length: 5 }, () => eventOf(tracked++));
      const { results } = await ingest.batchTrackEvents({ events: batch });
      expect(results.map(({ result }) => result.case)).toEqual(batch.map(() => "accepted"));
      accepted.push(...batch.map(({ id }) => id));
      batch = [];
    }),
    new Load(() => events.listEvents({ namespace: NAMESPACE, pageSize: 5 })),
    new Load(() => sessions.listSessions({ namespace: NAMESPACE, pageSize: 5 })),
    new Load(() => aggregation.getFreshness({ namespace: NAMESPACE })),
  ];
}

test("one copy of each service is killed under load, and no call of a client fails", async () => {
  const { suite, lines } = replicated;
  const tracking = trackThroughGateway();
  const paths = ["/v1/events", "/v1/sessions", "/v1/series"].map((path) => `${path}?namespace=${NAMESPACE}&pageSize=5`);
  let asked = 0;
  const loads = [tracking.load, ...callStraight(), new Load(() => ask(paths[asked++ % paths.length]!))];
  const untilMoreCalls = async (more: number) => {
    const before = loads.map(({ calls }) => calls);
    const grown = async () => (loads.every(({ calls }, index) => calls >= before[index]! + more) ? true : undefined);
    await Promise.race([eventually(grown), ...loads.map(({ failed }) => failed)]);
  };

  await untilMoreCalls(10);
  for (const name of SERVICES) {
    const served = await eventually(async () => {
      const counts = await replicated.served(name);
      return counts.every((count) => count > 0) ? counts : undefined;
    });
    expect(served).toHaveLength(2);
  }

  for (const [index, name] of SERVICES.entries()) {
    process.kill(suite.copies[name].get(1 + (index % 2))!.pid, "SIGKILL");
    await untilMoreCalls(10);
  }
  const again = () => lines.filter((line) => line.endsWith(" runs again")).length === SERVICES.length;
  await eventually(async () => (again() ? true : undefined), 90_000);
  await untilMoreCalls(10);
  await Promise.all(loads.map((load) => load.end()));
  tracking.close();

  expect(
    lines.filter((line) => line.includes("its other copies go on")).map((line) => line.split(" ended")[0]),
  ).toEqual(["ingest", "sessions 2", "aggregation", "gateway 2"]);
  expect(new Set(accepted).size).toBe(accepted.length);
});

test("each event that was accepted is stored once, in its session and counted", async () => {
  const { suite, query } = replicated;
  const bed = { url, query, certificates: suite.certificates, nats: { url: suite.urls.nats } };
  await untilQuiet(bed);
  const stored = await query<{ id: string }>("select id from ingest.events where namespace = $1", [NAMESPACE]);
  expect(stored.map(({ id }) => id).toSorted()).toEqual(accepted.toSorted());
  expect(await keptSessions(bed, NAMESPACE)).toEqual(await recountedSessions(bed, NAMESPACE));
  await untilMaterialised(bed, NAMESPACE);
  for (const name of ["event-0", "event-1"]) {
    const rows = await recount(bed, NAMESPACE, name);
    expect(rows.length).toBeGreaterThan(0);
    expect(await aggregates(bed, NAMESPACE, name)).toEqual(rows);
  }
});
