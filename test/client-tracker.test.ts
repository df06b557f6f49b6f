import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { clientCredentials } from "@ocellus/client/client-credentials.ts";
import { type Clients, createClients } from "@ocellus/client/create-clients.ts";
import type { Outcome } from "@ocellus/client/outcome.ts";
import { Tracker } from "@ocellus/client/tracker.ts";
import type { TrackerOptions } from "@ocellus/client/tracker-options.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import type { ServiceProcess } from "@ocellus/suite/service-process.ts";
import { type CuttableLink, startLink } from "./support/cuttable-link.ts";
import { eventually } from "./support/eventually.ts";
import { sharedServers } from "./support/shared-servers.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceProcess;
let gatewayProcess: ServiceProcess;
let links: CuttableLink[];
/** Clients over each transport, all through links that can be cut. */
let transports: Record<string, Clients>;
const loads: Load[] = [];

const tlsFile = (name: string) => join(sharedServers().certificates, name);

beforeAll(async () => {
  bed = await startTestBed([], { EVENTS_MAX_BYTES: String(1024 * 1024) });
  ingest = await bed.start("ingest");
  gatewayProcess = await bed.start("gateway");
  const [toIngest, toGateway] = [await startLink(bed.ports.ingest), await startLink(bed.ports.gateway)];
  links = [toIngest, toGateway];
  const nowhere = "127.0.0.1:1";
  const gateway = `http://127.0.0.1:${toGateway.port}`;
  const token = clientCredentials({ gateway, ...bed.administrator });
  transports = {
    mtls: createClients({
      servers: { ingest: `127.0.0.1:${toIngest.port}`, sessions: nowhere, aggregation: nowhere },
      tls: { ca: tlsFile("ca.crt"), cert: tlsFile("developer.crt"), key: tlsFile("developer.key") },
    }),
    grpc: createClients({ gateway, protocol: "grpc", token }),
    connect: createClients({ gateway, token }),
  };
});
afterEach(async () => {
  await Promise.all(loads.splice(0).map((load) => load.tracker.close(0)));
});
afterAll(async () => {
  for (const clients of Object.values(transports ?? {})) clients.close();
  await Promise.all((links ?? []).map((link) => link[Symbol.asyncDispose]()));
  await bed.stop();
});

/** A producer of valid and invalid events in a namespace of its own, and what its tracker said of each. */
interface Load {
  tracker: Tracker;
  namespace: string;
  /** Produces no more, and answers the outcome of each event. */
  end(): Promise<Outcome[]>;
}

const PACE_MS = 5;

function startLoad(transport: string, options: TrackerOptions = {}, bytes = 10): Load {
  const tracker = new Tracker(transports[transport]!.ingest, {
    maxBatchBytes: 100_000,
    attemptTimeoutMs: 3000,
    backoff: { initialMs: 20, maxMs: 500 },
    ...options,
  });
  const namespace = randomUUID();
  const outcomes: Promise<Outcome>[] = [];
  let isEnded = false;
  const produce = async () => {
    while (!isEnded) {
      for (const name of ["good", "good", "good", ""]) {
        outcomes.push(tracker.track({ namespace, name, data: { text: "x".repeat(bytes) } }));
      }
      await sleep(PACE_MS);
    }
  };
  const produced = produce();
  const load = {
    tracker,
    namespace,
    async end() {
      isEnded = true;
      await produced;
      return Promise.all(outcomes);
    },
  };
  loads.push(load);
  return load;
}

const startLoads = (options?: TrackerOptions, bytes?: number) =>
  Object.keys(transports).map((transport) => startLoad(transport, options, bytes));

const untilAll = (all: Load[], holds: (load: Load) => boolean) =>
  eventually(async () => (all.every(holds) ? true : undefined), 60_000);
const untilAccepted = (all: Load[], more = 100) => {
  const before = new Map(all.map((load) => [load, load.tracker.counts().accepted]));
  return untilAll(all, (load) => load.tracker.counts().accepted >= before.get(load)! + more);
};
const untilFailing = (all: Load[]) => {
  const before = new Map(all.map((load) => [load, load.tracker.state().failedTries]));
  return untilAll(all, (load) => load.tracker.state().failedTries > before.get(load)!);
};

const storedIn = async (namespace: string): Promise<string[]> =>
  (await bed.query<{ id: string }>("select id from ingest.events where namespace = $1", [namespace])).map(
    ({ id }) => id,
  );

/** Ends a load, and holds what its tracker reported against what is stored. */
async function expectTheTruth(load: Load): Promise<Outcome[]> {
  const outcomes = await load.end();
  const idsOf = (...kinds: Outcome["outcome"][]) =>
    outcomes.filter(({ outcome }) => kinds.includes(outcome)).map(({ id }) => id);
  const { tracker } = load;
  expect(await tracker.flush()).toEqual({
    accepted: idsOf("accepted").length,
    refused: idsOf("refused").length,
    dropped: idsOf("dropped").length,
    pending: 0,
  });
  const mayBeStored = outcomes.filter((outcome) => outcome.outcome !== "accepted" && outcome.mayBeStored);
  const accepted = idsOf("accepted");
  const stored = await eventually(async () => {
    const ids = await storedIn(load.namespace);
    return ids.length >= accepted.length ? ids : undefined;
  });
  const unsure = new Set(mayBeStored.map(({ id }) => id));
  expect(stored.filter((id) => !unsure.has(id)).sort()).toEqual(accepted.sort());
  expect(new Set(stored).size).toBe(stored.length);
  return outcomes;
}

/** Lets all transports send through a fault, and expects every valid event to be stored once, and every invalid one refused. */
async function survive(fault: () => Promise<void>, mend: () => Promise<void>, hit = (_: Load) => true): Promise<void> {
  const all = startLoads();
  await untilAccepted(all);
  await fault();
  try {
    await untilFailing(all.filter(hit));
  } finally {
    await mend();
  }
  await untilAccepted(all);
  for (const load of all) {
    const outcomes = await expectTheTruth(load);
    const valid = outcomes.map((_, index) => index % 4 !== 3);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(valid.map((is) => (is ? "accepted" : "refused")));
  }
}

test("events outlive a crash of ingest", () =>
  survive(
    async () => void (await ingest.stop("SIGKILL")),
    async () => {
      ingest = await bed.start("ingest");
    },
  ));

test("events outlive a crash of the gateway", () =>
  survive(
    async () => void (await gatewayProcess.stop("SIGKILL")),
    async () => {
      gatewayProcess = await bed.start("gateway");
    },
    (load) => load !== loads[0],
  ));

test("events outlive a crash of NATS", () => survive(() => bed.nats.stop("SIGKILL"), bed.restartNats));

test("events outlive a NATS that is frozen", () =>
  survive(
    async () => void process.kill(bed.nats.pid(), "SIGSTOP"),
    async () => void process.kill(bed.nats.pid(), "SIGCONT"),
  ));

test("events outlive a network that is cut without a word", () =>
  survive(
    async () => {
      for (const link of links) link.cut();
    },
    async () => {
      for (const link of links) link.mend();
    },
  ));

test("a full queue holds events up in the tracker, and what finds no room there is dropped and not stored", async () => {
  const release = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const holdingUp = withConnection(bed.adminUrl, async (client) => {
    await client.query("begin; lock table ingest.events in access exclusive mode");
    locked.resolve();
    await release.promise;
    await client.query("commit");
  });
  await locked.promise;
  const all = startLoads({ maxBufferedEvents: 200 }, 5000);
  try {
    await untilAll(all, ({ tracker }) => {
      const { lastProblem } = tracker.state();
      return lastProblem?.reason === "QUEUE_FULL" && lastProblem.retryAfterMs === 1000;
    });
    await untilAll(all, ({ tracker }) => tracker.counts().dropped > 50);
  } finally {
    release.resolve();
    await holdingUp;
  }
  await untilAccepted(all);
  for (const load of all) {
    const dropped = (await expectTheTruth(load)).filter(({ outcome }) => outcome === "dropped");
    expect(dropped).toEqual(dropped.map(() => expect.objectContaining({ why: "BUFFER_FULL", mayBeStored: false })));
  }
});

test("what a tracker could not deliver before its end is delivered by another, and stored once", async () => {
  const all = startLoads();
  await untilAccepted(all);
  await bed.nats.stop("SIGKILL");
  await untilFailing(all);
  const reports = await Promise.all(all.map(({ tracker }) => tracker.close(500)));
  await bed.restartNats();
  for (const [index, load] of all.entries()) {
    const { undelivered } = reports[index]!;
    const first = await load.end();
    const taken = first.filter((outcome) => outcome.outcome === "accepted" || outcome.outcome === "refused");
    const given = new Set(undelivered.map(({ id }) => id));
    expect(first.filter((outcome) => outcome.outcome === "dropped" && given.has(outcome.id))).toHaveLength(given.size);

    const heir = new Tracker(Object.values(transports)[index]!.ingest, { backoff: { initialMs: 20, maxMs: 500 } });
    const second = await Promise.all(undelivered.map((event) => heir.track(event)));
    await heir.close();
    const accepted = [...taken, ...second].filter(({ outcome }) => outcome === "accepted").map(({ id }) => id);
    const stored = await eventually(async () => {
      const ids = await storedIn(load.namespace);
      return ids.length >= accepted.length ? ids : undefined;
    });
    expect(stored.sort()).toEqual(accepted.sort());
  }
});
