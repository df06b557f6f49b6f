import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let events: ServiceClient<typeof EventService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest"]);
  ingest = bed.client("ingest", IngestService);
  events = bed.client("ingest", EventService);
});
afterAll(() => bed.stop());

const at = (time: string) => timestampFromDate(new Date(time));

/** Where the events of a name are, in order of time. */
async function partitionsOf(name: string): Promise<string[]> {
  const rows = await bed.query<{ partition: string }>(
    `select tableoid::regclass::text as partition from ingest.events where name = $1 order by "timestamp", id`,
    [name],
  );
  return rows.map(({ partition }) => partition.replace("ingest.", ""));
}
const untilIn = (name: string, expected: string[]) =>
  eventually(async () => ((await partitionsOf(name)).join() === expected.join() ? true : undefined));

/** Keeps a service's own drain out until it is called. */
async function holdDraining(): Promise<() => Promise<void>> {
  const release = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const holding = withConnection(bed.adminUrl, async (client) => {
    await client.query("select pg_advisory_lock(hashtext('ingest.ensure_partition'))");
    held.resolve();
    await release.promise;
  });
  await held.promise;
  return () => {
    release.resolve();
    return holding;
  };
}

test("the partitions of this month and the next are there before their events", async () => {
  const months = await eventually(async () => {
    const rows = await bed.query<{ name: string }>(
      "select name from ingest.event_partitions where beyond > now() order by first",
    );
    return rows.length === 4 ? rows.map(({ name }) => name) : undefined;
  });
  const expected = await bed.query<{ name: string }>(
    `select to_char(date_trunc('month', now()) + n * interval '1 month', '"events_"YYYY"_"MM') as name from generate_series(0, 3) n`,
  );
  expect(months).toEqual(expected.map(({ name }) => name));
});

test("events without a partition are stored in the default one, and moved to one of their own as they were", async () => {
  const release = await holdDraining();
  await ingest.trackEvent({
    event: { id: randomUUID(), name: "drained", timestamp: at("2021-05-06T07:08:09Z"), data: { a: [1] } },
  });
  await untilIn("drained", ["events_default"]);
  const row = () => bed.query("select * from ingest.events where name = 'drained'");
  const before = await row();
  await release();
  await untilIn("drained", ["events_2021_05"]);
  expect(await row()).toEqual(before);
  const { event } = await events.getEvent({ id: before[0]!.id });
  expect(event?.data).toEqual({ a: [1] });
});

test("events that are stored while others are moved are stored, read and watched once, whoever of two replicas stores and moves", async () => {
  const ports = [bed.ports.ingest, await bed.startReplica()];
  const doors = ports.map((port) => bed.client(port, IngestService));
  const watched: string[] = [];
  const watching = new AbortController();
  const stream = events.watchEvents({ name: "moving" }, { signal: watching.signal });
  const started = Promise.withResolvers<void>();
  const watch = (async () => {
    for await (const { event } of stream) {
      started.resolve();
      if (event) watched.push(event.id);
    }
  })().catch((error) => {
    if (!watching.signal.aborted) throw error;
  });
  await started.promise;

  const release = await holdDraining();
  const sent: string[] = [];
  const send = async (door: (typeof doors)[number], rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      const batch = Array.from({ length: 40 }, (_, n) => ({
        id: randomUUID(),
        name: "moving",
        timestamp: timestampFromDate(new Date(Date.UTC(2022, n % 12, 1 + (round % 28)))),
      }));
      await door.batchTrackEvents({ events: batch });
      sent.push(...batch.map(({ id }) => id));
    }
  };
  await Promise.all(doors.map((door) => send(door, 20)));
  await eventually(async () => {
    const [row] = await bed.query("select from ingest.events_default where name = 'moving' having count(*) = 1600");
    return row && true;
  });

  let isMoved = false;
  const counts: number[] = [];
  const reading = withConnection(bed.adminUrl, async (client) => {
    while (!isMoved) {
      const { rows } = await client.query("select count(*) from ingest.events where name = 'moving'");
      counts.push(Number(rows[0].count));
    }
  });
  await eventually(async () => counts.length > 0 || undefined);
  await release();
  await Promise.all(doors.map((door) => send(door, 20)));
  await eventually(async () => {
    const waiting = await bed.query("select from ingest.events_default where name = 'moving' limit 1");
    return waiting.length === 0 || undefined;
  });
  isMoved = true;
  await reading;
  await eventually(async () => ((await partitionsOf("moving")).length === sent.length ? true : undefined));
  const stored = await bed.query<{ id: string }>("select id from ingest.events where name = 'moving'");
  expect(stored.map(({ id }) => id).sort()).toEqual(sent.toSorted());
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(counts[0]).toBe(1600);
  await eventually(async () => (watched.length >= sent.length ? true : undefined));
  watching.abort();
  await watch;
  expect(watched.toSorted()).toEqual(sent.toSorted());
});
