import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { EVENT_CHANGES, EVENTS } from "@ocellus/runtime/streams.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";
import { connectOperator } from "@ocellus/suite/connect-operator.ts";
import type { NatsConnection } from "nats";
import { v7 } from "uuid";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { holdUpStoring } from "../../../test/support/hold-up-storing.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let nats: NatsConnection;
let ingest: ServiceClient<typeof IngestService>;
let events: ServiceClient<typeof EventService>;
let errors: ServiceClient<typeof EventErrorService>;

beforeAll(async () => {
  bed = await startTestBed([]);
  nats = await connectOperator(bed.nats.url, bed.certificates);
  await start();
});
afterAll(async () => {
  await nats?.close();
  await bed.stop();
});

async function start(environment: Record<string, string> = {}): Promise<void> {
  await bed.start("ingest", environment);
  ingest = bed.client("ingest", IngestService);
  events = bed.client("ingest", EventService);
  errors = bed.client("ingest", EventErrorService);
}

const at = (time: string) => timestampFromDate(new Date(time));
/** The retention that keeps events from the first of this month on. */
const since = (month: string) => `${Math.ceil((Date.now() - Date.parse(`${month}-15T00:00:00Z`)) / 86_400_000)}d`;

async function storedOf(name: string): Promise<string[]> {
  const rows = await bed.query<{ timestamp: Date }>(
    `select "timestamp" from ingest.events where name = $1 order by "timestamp"`,
    [name],
  );
  return rows.map(({ timestamp }) => timestamp.toISOString());
}
const untilStored = (name: string, expected: string[]) =>
  eventually(async () => ((await storedOf(name)).join() === expected.join() ? true : undefined));

const track = async (name: string, times: string[]) => {
  const { results } = await ingest.batchTrackEvents({ events: times.map((time) => ({ name, timestamp: at(time) })) });
  return results.map(({ result }) => (result.case === "accepted" ? result.value.id : ""));
};
async function errorsOf(name: string) {
  const { eventErrors } = await errors.listEventErrors({});
  return eventErrors.filter(({ event }) => event?.name === name);
}

const changesSent = async () =>
  (await (await nats.jetstreamManager()).streams.info(EVENT_CHANGES.stream)).state.last_seq;

const KEPT = "2019-06-01T00:00:00.000Z";
const OLD = ["1066-10-14T12:00:00.000Z", "2019-05-31T23:59:59.999Z"];
const NOT_OLD = [KEPT, "2019-12-31T23:59:59.999Z", "2021-03-04T05:06:07.000Z"];

test("older events go where they share a partition with others, and nobody is told that they were deleted", async () => {
  const ids = await track("shared", [...OLD, ...NOT_OLD]);
  await untilStored("shared", [...OLD, ...NOT_OLD]);
  await eventually(async () => ((await bed.query("select from ingest.outbox")).length === 0 ? true : undefined));
  const before = await changesSent();
  await start({ EVENT_RETENTION: since("2019-06") });
  await untilStored("shared", NOT_OLD);
  expect(await bed.query("select at from ingest.kept_from")).toEqual([{ at: new Date(KEPT) }]);
  expect(await changesSent()).toBe(before);
  expect(await bed.query("select from ingest.deleted_events")).toEqual([]);
  expect(await errorOf(events.getEventStatus({ id: ids[0]! }))).toMatchObject({ code: status.NOT_FOUND });
  expect((await events.getEvent({ id: ids[2]! })).event?.timestamp).toEqual(at(KEPT));
});

test("an event that is older than events are kept is refused, by every door, and tells since when they are", async () => {
  const tooOld = { name: "refused", timestamp: at("2019-05-31T23:59:59.999Z") };
  const refusal = { code: status.INVALID_ARGUMENT, reason: "INVALID_EVENT", fields: ["event.timestamp"] };
  const error = await errorOf(ingest.trackEvent({ event: tooOld }));
  expect(error).toMatchObject(refusal);
  expect(error.message).toContain("2019-06-01T00:00:00.000000Z");

  const id = v7({ msecs: Date.parse("2018-01-01T00:00:00Z") });
  expect(await errorOf(ingest.trackEvent({ event: { id, name: "refused" } }))).toMatchObject({ fields: ["event.id"] });

  const [, kept] = await track("refused", ["2019-05-31T23:59:59.999Z", KEPT]);
  await untilStored("refused", [KEPT]);
  expect(await errorOf(events.updateEvent({ event: { id: kept!, timestamp: tooOld.timestamp } }))).toMatchObject(
    refusal,
  );
  expect(await storedOf("refused")).toEqual([KEPT]);

  const eventErrors = await eventually(async () => {
    const kept = await errorsOf("refused");
    return kept.length < 3 ? undefined : kept;
  });
  expect(eventErrors).toHaveLength(3);
  for (const { id } of eventErrors) {
    const { results } = await errors.replayEventErrors({ id });
    expect(results[0]!.result).toMatchObject({ case: "refused" });
  }
});

test("an event that grew too old in the queue becomes an error, and those beside it are stored", async () => {
  const unlock = await holdUpStoring(bed);
  const [tooOld] = await track("queued", ["2019-07-01T00:00:00.000Z", "2019-08-01T00:00:00.000Z"]);
  // It gives up where it waits for a lock for longer than a moment.
  await eventually(() => bed.query("select ingest.keep_from('2019-08-01Z')"));
  await unlock();
  await untilStored("queued", ["2019-08-01T00:00:00.000Z"]);
  const manager = await nats.jetstreamManager();
  await eventually(async () => (await manager.streams.info(EVENTS.stream)).state.messages === 0 || undefined);
  const eventErrors = await errorsOf("queued");
  expect(eventErrors.map(({ event }) => event?.id)).toEqual([tooOld]);
  expect(eventErrors[0]!.status?.message).toContain("2019-08-01T00:00:00.000000Z");
  const { eventStatus } = await events.getEventStatus({ id: tooOld! });
  expect(eventStatus?.eventErrorId).toBe(eventErrors[0]!.id);
});

test("whole months go with their partitions, and what is kept stays", async () => {
  const times = ["2020-02-01T00:00:00.000Z", "2021-12-31T23:59:59.999Z", "2022-01-01T00:00:00.000Z"];
  await track("whole", times);
  await untilStored("whole", times);
  await start({ EVENT_RETENTION: since("2022-01") });
  await untilStored("whole", times.slice(2));
  await eventually(async () => {
    const older = await bed.query("select from ingest.event_partitions where first < '2022-01-01Z'");
    return older.length === 0 || undefined;
  });
  await untilStored("shared", []);
});

test("without a retention nothing more goes, and what went is not taken again", async () => {
  await start();
  const error = await errorOf(ingest.trackEvent({ event: { name: "again", timestamp: at("2021-12-31T23:59:59Z") } }));
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ["event.timestamp"] });
  await expect(bed.query("select ingest.keep_from('2020-01-01Z')")).resolves.toHaveLength(1);
  expect(await bed.query("select at from ingest.kept_from")).toEqual([{ at: new Date("2022-01-01Z") }]);
});

test("replicas that drop old partitions while both store lose nothing that is kept, and keep nothing older", async () => {
  await bed.query(`
    select ingest.ensure_partition((date '2022-01-01' + n * interval '1 month')::date) from generate_series(0, 23) n`);
  await bed.query(`
    insert into ingest.events (id, "timestamp", namespace, name, receive_time)
    select gen_random_uuid(), '2022-01-01Z'::timestamptz + n * interval '1 hour', 'n', 'racing', now()
    from generate_series(0, 24 * 30 * 26) n`);
  const retention = { EVENT_RETENTION: since("2024-01") };
  const ports = [await bed.startReplica(retention), await bed.startReplica(retention)];
  const doors = ports.map((port) => bed.client(port, IngestService));
  const accepted: string[] = [];
  const done = async () =>
    (await bed.query("select from ingest.event_partitions where first < '2024-01-01Z'")).length === 0;
  const load = doors.map(async (door, index) => {
    for (let round = 0; round < 30 || !(await done()); round++) {
      const batch = Array.from({ length: 50 }, (_, n) => ({
        id: randomUUID(),
        name: "meanwhile",
        timestamp: timestampOf(BigInt(Date.UTC(2024, (round + n) % 24, 2 + index)) * 1000n),
      }));
      const { results } = await door.batchTrackEvents({ events: batch });
      for (const { result } of results) if (result.case === "accepted") accepted.push(result.value.id);
    }
  });
  await Promise.all(load);
  await eventually(async () => ((await storedOf("meanwhile")).length >= accepted.length ? true : undefined));
  const stored = await bed.query<{ id: string }>("select id from ingest.events where name = 'meanwhile'");
  expect(stored.map(({ id }) => id).sort()).toEqual(accepted.toSorted());
  const [older] = await bed.query(`select count(*) as count from ingest.events where "timestamp" < '2024-01-01Z'`);
  expect(older).toEqual({ count: "0" });
  const [kept] = await bed.query(
    `select count(*) as count from ingest.events where name = 'racing' and "timestamp" >= '2024-01-01Z'`,
  );
  const hours = 24 * 30 * 26 - (Date.UTC(2024, 0, 1) - Date.UTC(2022, 0, 1)) / 3_600_000 + 1;
  expect(kept).toEqual({ count: String(hours) });
});
