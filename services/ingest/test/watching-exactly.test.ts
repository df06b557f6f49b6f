import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import { diceOf } from "../../../test/support/dice.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
/** One for each replica. */
let ingests: ServiceClient<typeof IngestService>[];
let watched: ServiceClient<typeof EventService>[];

beforeAll(async () => {
  bed = await startTestBed(["ingest"]);
  const replicas = [bed.ports.ingest, await bed.startReplica()];
  ingests = replicas.map((port) => bed.client(port, IngestService));
  watched = replicas.map((port) => bed.client(port, EventService));
});
afterAll(() => bed.stop());

const SEEDS = [1, 2, 3, 4, 5];
const BATCHES = 40;

test("every event is sent exactly once, whoever stores it, in whatever order transactions end, and however often watchers come and go", async () => {
  const start = (await firstOf(watched[0]!)).resumeToken;
  const chains = SEEDS.map((seed) => watchChain(start, diceOf(seed)));
  await Promise.all([
    ...[11, 12, 13].map((seed) => writeBatches(diceOf(seed))),
    ...[21, 22].map(writeSlowTransactions),
  ]);
  await eventually(async () => {
    const [waiting] = await bed.query<{ count: string }>("select count(*) from ingest.events where name = 'sent'");
    return Number(waiting?.count) === sent ? true : undefined;
  });
  // Stored after all others, so that a watcher is sent it last.
  await ingests[0]!.trackEvent({ event: { name: "last" } });
  await eventually(async () =>
    (await bed.query("select from ingest.events where name = 'last'")).length === 1 ? true : undefined,
  );
  const stored = (await bed.query<{ id: string }>("select id from ingest.events")).map(({ id }) => id).sort();
  expect(stored.length).toBeGreaterThan(BATCHES * 3);
  for (const ids of await Promise.all(chains)) expect(ids.toSorted()).toEqual(stored);
});

let sent = 0;

async function writeBatches(dice: () => number): Promise<void> {
  for (let count = 0; count < BATCHES; count++) {
    const events = Array.from({ length: 1 + Math.floor(dice() * 30) }, () => ({ name: "sent" }));
    sent += events.length;
    await ingests[Math.floor(dice() * ingests.length)]!.batchTrackEvents({ events });
  }
}

/** Transactions that begin before others and end after them. */
async function writeSlowTransactions(seed: number): Promise<void> {
  const dice = diceOf(seed);
  await withConnection(bed.adminUrl, async (client) => {
    for (let count = 0; count < BATCHES; count++) {
      const id = randomUUID();
      await client.query("begin");
      await client.query(
        `insert into ingest.events (id, "timestamp", namespace, name, receive_time) values ($1, '2019-01-01Z', 'n', 'sent', now())`,
        [id],
      );
      await client.query("select pg_sleep($1)", [dice() / 20]);
      const isKept = dice() < 0.8;
      await client.query(isKept ? "commit" : "rollback");
      if (isKept) sent++;
    }
  });
}

/** The ids of all events that a chain of watches is sent, each of which ends anywhere and is resumed at any replica. */
async function watchChain(resumeToken: string, dice: () => number): Promise<string[]> {
  const ids: string[] = [];
  for (let token = resumeToken; ; ) {
    const patience = Math.floor(dice() ** 2 * 200);
    let count = 0;
    try {
      for await (const response of watched[Math.floor(dice() * watched.length)]!.watchEvents({ resumeToken: token })) {
        token = response.resumeToken;
        if (!response.event) continue;
        ids.push(response.event.id);
        if (response.event.name === "last") return ids;
        if (++count > patience) break;
      }
    } catch (error) {
      // A watch that is too slow, or whose service lost PostgreSQL for a moment, ends so, and may be resumed.
      const { code } = error as { code: status };
      if (code !== status.RESOURCE_EXHAUSTED && code !== status.UNAVAILABLE) throw error;
    }
  }
}

async function firstOf(client: ServiceClient<typeof EventService>) {
  for await (const response of client.watchEvents({})) return response;
  throw new Error("The watch ended before it began");
}
