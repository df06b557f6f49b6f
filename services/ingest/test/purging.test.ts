import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { AcceptedEventsSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { EVENTS } from "@ocellus/runtime/streams.ts";
import { connectOperator } from "@ocellus/suite/connect-operator.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let events: ServiceClient<typeof EventService>;
/** The peer that alone may purge. */
let sessions: ServiceClient<typeof EventService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest"]);
  ingest = bed.client("ingest", IngestService);
  events = bed.client("ingest", EventService);
  sessions = bed.client("ingest", EventService, "sessions");
});
afterAll(() => bed.stop());

const namespace = "shop";
const timestamp = timestampFromDate(new Date("2026-02-02T02:02:02Z"));

async function storedCount(personId: string): Promise<number> {
  return (await bed.query("select from ingest.events where person_id = $1", [personId])).length;
}
const untilStored = (personId: string, count: number) =>
  eventually(async () => ((await storedCount(personId)) === count ? true : undefined));

test("a purge deletes all events of one person in one namespace, and announces each", async () => {
  const batch = Array.from({ length: 1000 }, () => ({ namespace, name: "n", personId: "ann" }));
  for (let times = 0; times < 3; times++) await ingest.batchTrackEvents({ events: batch });
  const beside = { name: "n", personId: "ann" };
  await ingest.batchTrackEvents({ events: [beside, { ...beside, namespace, personId: "bob" }] });
  await untilStored("ann", 3001);
  await untilStored("bob", 1);
  expect(await sessions.purgeEvents({ namespace, personId: "ann" })).toMatchObject({ deletedCount: 3000n });
  expect(await sessions.purgeEvents({ namespace, personId: "ann" })).toMatchObject({ deletedCount: 0n });
  expect([await storedCount("ann"), await storedCount("bob")]).toEqual([1, 1]);
});

test("a purged person's events do not come back with a redelivery, not even one that was another's before", async () => {
  const [mine, given] = [randomUUID(), randomUUID()];
  const of = (id: string, personId: string) => ({ id, namespace, name: "n", personId, timestamp });
  await ingest.batchTrackEvents({ events: [of(mine, "cleo"), of(given, "dora")] });
  await untilStored("cleo", 1);
  await untilStored("dora", 1);
  await events.updateEvent({ event: { id: given, personId: "cleo" } });
  await sessions.purgeEvents({ namespace, personId: "cleo" });
  const nats = await connectOperator(bed.nats.url, bed.certificates);
  const redelivered = [of(mine, "cleo"), of(given, "dora"), of(randomUUID(), "marker")];
  const longAgo = encode(AcceptedEventsSchema, { events: redelivered, receiveTime: timestamp });
  await nats.jetstream().publish(EVENTS.subject, longAgo);
  await nats.close();
  await untilStored("marker", 1);
  expect([await storedCount("cleo"), await storedCount("dora")]).toEqual([0, 0]);
  await ingest.trackEvent({ event: of(mine, "cleo") });
  await untilStored("cleo", 1);
});

test("a purge waits for a statement that stores the person's events and has not seen it begin", async () => {
  const id = randomUUID();
  const release = Promise.withResolvers<void>();
  const inserted = Promise.withResolvers<void>();
  // The same key, not committed: the statement that stores the event has begun when it waits for this.
  const namesake = withConnection(bed.adminUrl, async (client) => {
    await client.query("begin");
    await client.query(
      `insert into ingest.events (id, "timestamp", namespace, name, receive_time)
       values ($1, '2026-02-02T02:02:02Z', 'other', 'n', now())`,
      [id],
    );
    inserted.resolve();
    await release.promise;
    await client.query("rollback");
  });
  await inserted.promise;
  await ingest.trackEvent({ event: { id, namespace, name: "n", personId: "eve", timestamp } });
  const waiting = (statement: string) =>
    eventually(async () => {
      const found = await bed.query(
        "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database() and query like $1",
        [statement],
      );
      return found.length > 0 ? true : undefined;
    });
  await waiting("copy ingest.events%");
  const purged = sessions.purgeEvents({ namespace, personId: "eve" });
  await waiting("%lock table ingest.purged_persons%");
  release.resolve();
  await namesake;
  expect(await purged).toMatchObject({ deletedCount: 1n });
  expect(await storedCount("eve")).toBe(0);
});

test("a purge needs a namespace and a person", async () => {
  expect(await errorOf(sessions.purgeEvents({}))).toMatchObject({
    code: status.INVALID_ARGUMENT,
    fields: ["namespace", "person_id"],
  });
});
