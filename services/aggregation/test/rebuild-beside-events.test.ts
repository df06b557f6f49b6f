import { randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ChangeType, EventChangesSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { microsOfSql, timestampOf } from "@ocellus/runtime/time.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";
import { type AskedSeries, type Services, servicesOf } from "./oracle/asked-series.ts";
import { holdUpMarking, holdUpMaterialising } from "./oracle/hold-up.ts";
import { event, expectExact, rebuildWhole, trackCleanSeries } from "./oracle/rebuilding.ts";

let bed: TestBed;
let services: Services;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "aggregation"], { MATERIALISE_EVERY: "50ms" });
  services = servicesOf(bed);
});
afterAll(() => bed.stop());

const cleanSeries = () => trackCleanSeries(bed, services);
const differences = async ({ namespace }: AskedSeries) => (await rebuildWhole(services, { namespace })).differences;

/** Stores an event of the series `a`, and announces it to nobody: by its id, time and namespace. */
const STORE = `insert into ingest.events (id, "timestamp", namespace, name, value, receive_time) values ($1, $2, $3, 'a', 1, now())`;

test("what waits to be computed anew is no difference", async () => {
  const series = await cleanSeries();
  const release = await holdUpMaterialising(bed);
  await series.track([event("a", "2026-01-01T10:02:00Z", 1), event("a", "2026-03-01T10:02:00Z", 1)]);
  await series.untilCounted();
  expect(await differences(series)).toEqual([]);
  await expectExact(series);
  await release();
});

test("late events while a rebuild runs are no difference, and none is lost", async () => {
  const series = await cleanSeries();
  let isTracking = true;
  const tracking = (async () => {
    for (let count = 0; count < 20; count++) {
      await series.track(
        Array.from({ length: 20 }, (_, index) => event("a", `2026-01-01T1${index % 10}:0${index % 7}:00Z`, 1)),
      );
    }
    isTracking = false;
  })();
  const found = [];
  while (isTracking) found.push(...(await differences(series)));
  await tracking;
  expect(found).toEqual([]);
  await series.untilCounted();
  await expectExact(series);
  await series.untilClean();
  await expectExact(series);
  expect(await differences(series)).toEqual([]);
});

test("a late event that is stored and not announced yet is no difference", async () => {
  const series = await cleanSeries();
  const { namespace } = series;
  const timestamp = "2026-01-01T10:05:00Z";
  const id = randomUUID();
  const change = {
    type: ChangeType.STORED,
    eventId: id,
    namespace,
    name: "a",
    timestamp: timestampOf(microsOfSql(timestamp)),
  };
  const message = create(EventChangesSchema, { id, changes: [change] });
  await bed.query(`with stored as (${STORE}) insert into ingest.outbox (id, payload) values ($1, $4)`, [
    id,
    timestamp,
    namespace,
    Buffer.from(toBinary(EventChangesSchema, message)),
  ]);
  expect(await differences(series)).toEqual([]);
});

test("a late event whose mark takes its time is no difference, and its rebuild goes on once it is marked", async () => {
  const series = await cleanSeries();
  const release = await holdUpMarking(bed, series.namespace, "a", "2026-01-01T10:00:00Z");
  await series.track([event("a", "2026-01-01T10:05:00Z", 1)]);
  await series.untilStored();
  const answers = services.aggregation.rebuildAggregates({ namespace: series.namespace });
  const told = [];
  for await (const answer of answers) {
    // It tells that it still is at work, as it waits for the mark.
    if (told.length === 0) await release();
    told.push(answer);
  }
  expect(told[0]!.done).toBe(false);
  expect(told.flatMap((answer) => answer.differences)).toEqual([]);
  await expectExact(series);
});

test("an event that comes while another difference is put right is left to its mark", async () => {
  const series = await cleanSeries();
  const { namespace } = series;
  await bed.query(
    `update aggregation.quarters set count = 50 where namespace = $1 and name = 'a'
    and bucket_start = '2026-01-02Z'`,
    [namespace],
  );
  const release = await holdUpMaterialising(bed);
  const rebuilding = differences(series);
  const waiting = `select from pg_locks where locktype = 'advisory' and not granted and database = (
    select oid from pg_database where datname = current_database())`;
  // Whoever materialises waits besides.
  await eventually(async () => ((await bed.query(waiting)).length === 2 ? true : undefined));
  await bed.query(STORE, [randomUUID(), "2026-01-01T10:05:00Z", namespace]);
  await release();
  const quarters = (await rebuilding).filter(({ length }) => length!.seconds === 900n);
  expect(quarters.map(({ before }) => before!.count)).toEqual([50n]);
  // It is announced to nobody at all, and found by the next.
  expect((await differences(series)).length).toBeGreaterThan(0);
});
