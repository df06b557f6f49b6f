import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  AggregationService,
  AggregationType,
  Granularity,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { microsOfSql, timestampOf } from "@ocellus/runtime/time.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let aggregation: ServiceClient<typeof AggregationService>;
const name = randomUUID();
const KEPT_FROM = "2026-02-01T00:00:00Z";

/** Events of January are gone, and those of February are kept. */
beforeAll(async () => {
  bed = await startTestBed(["ingest", "aggregation"], { MATERIALISE_EVERY: "50ms" });
  ingest = bed.client("ingest", IngestService);
  aggregation = bed.client("aggregation", AggregationService);
  await ingest.batchTrackEvents({
    events: [
      { name, timestamp: at("2026-01-10T10:05:00Z"), value: 1 },
      { name, timestamp: at("2026-01-10T10:10:00Z"), value: 2 },
      { name, timestamp: at("2026-01-31T23:59:00Z"), value: 4 },
      { name, timestamp: at("2026-02-01T00:00:00Z"), value: 8 },
      { name, timestamp: at("2026-02-03T10:05:00Z"), value: 16 },
    ],
  });
  await eventually(async () => {
    const [row] = await bed.query<{ done: boolean }>(
      `select (select sum(count) from aggregation.days where name = $1) = 5
         and not exists (select from aggregation.dirty_buckets where name = $1) as done`,
      [name],
    );
    return row?.done ? true : undefined;
  });
  await bed.query("update ingest.kept_from set at = $1", [KEPT_FROM]);
  await bed.query(`delete from ingest.events where "timestamp" < $1`, [KEPT_FROM]);
});
afterAll(() => bed.stop());

const at = (time: string) => timestampOf(microsOfSql(time));

const { MINUTE, HOUR, DAY, MONTH } = Granularity;
const { SUM, P50, DISTINCT_PERSONS } = AggregationType;

interface Asked {
  tsMin?: string;
  tsMax?: string;
  granularity: Granularity;
  type?: AggregationType;
  timeZone?: string;
}

async function ask({ tsMin, tsMax, granularity, type = SUM, timeZone }: Asked) {
  const { rows, percentilesEstimated } = await aggregation.queryAggregates({
    namespace: "default",
    name,
    granularity,
    aggregationType: type,
    timeZone,
    tsMin: tsMin ? at(tsMin) : undefined,
    tsMax: tsMax ? at(tsMax) : undefined,
  });
  return { values: rows.map(({ value }) => value), percentilesEstimated };
}

const valuesOf = async (asked: Asked) => (await ask(asked)).values;

test("aggregates of events that are gone are still answered", async () => {
  expect(await valuesOf({ granularity: MONTH })).toEqual([7, 24]);
  expect(await valuesOf({ granularity: DAY, timeZone: "Europe/Amsterdam" })).toEqual([3, 12, 16]);
  expect(
    await valuesOf({ granularity: HOUR, tsMin: "2026-01-10T10:00:00Z", tsMax: "2026-01-10T10:14:59.999999Z" }),
  ).toEqual([3]);
});

test("percentiles over events that are gone are estimates", async () => {
  const { values, percentilesEstimated } = await ask({ granularity: MONTH, type: P50 });
  expect(percentilesEstimated).toBe(true);
  expect(values).toEqual([expect.closeTo(2, 1), expect.closeTo(8, 0)]);
  expect(await ask({ granularity: MONTH, type: P50, tsMin: KEPT_FROM })).toEqual({
    values: [8],
    percentilesEstimated: false,
  });
});

test.each<[string, Asked, string]>([
  [
    "begins within",
    { granularity: HOUR, tsMin: "2026-01-10T10:07:00Z" },
    "ts_min: must be 2026-01-10T10:15:00.000000Z or later",
  ],
  [
    "ends within",
    { granularity: HOUR, tsMax: "2026-01-10T10:07:00Z" },
    "ts_max: must be 2026-01-10T09:59:59.999999Z or earlier",
  ],
])("a window that %s a quarter of an hour of which the events are gone is refused", async (_, asked, message) => {
  const error = await errorOf(ask(asked));
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: "EVENTS_NOT_KEPT" });
  expect(error.message).toContain(message);
});

test("what only events can tell is refused where they are gone, and not where there never were any", async () => {
  for (const asked of [{ granularity: MINUTE }, { granularity: DAY, type: DISTINCT_PERSONS }]) {
    const error = await errorOf(ask({ ...asked, tsMin: "2026-01-10T10:10:00Z" }));
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: "EVENTS_NOT_KEPT" });
    expect(error.message).toContain("must be 2026-02-01T00:00:00.000000Z or later");
    expect(await valuesOf({ ...asked, tsMin: KEPT_FROM })).toHaveLength(2);
    expect(await valuesOf({ ...asked, tsMax: "2026-01-09T10:07:00Z" })).toEqual([]);
  }
});

test("a mark of a quarter of which the events are gone changes nothing", async () => {
  const mark = { tsMin: "2026-01-10T10:00:00Z", tsMax: "2026-01-10T10:14:59.999999Z", granularity: HOUR };
  await bed.query("insert into aggregation.dirty_buckets values ('default', $1, '2026-01-10T10:00:00Z')", [name]);
  expect(await valuesOf(mark)).toEqual([3]);
  await eventually(async () => {
    const marks = await bed.query("select from aggregation.dirty_buckets where name = $1", [name]);
    return marks.length === 0 ? true : undefined;
  });
  expect(await valuesOf(mark)).toEqual([3]);
  expect(await valuesOf({ granularity: MONTH })).toEqual([7, 24]);
});

test("rollups go when they are old enough, but not while their events are kept", async () => {
  await bed.start("aggregation", { ROLLUP_RETENTION: "1ms" });
  await eventually(async () => {
    const [first] = await valuesOf({ granularity: MONTH });
    return first === 24 ? true : undefined;
  });
  for (const table of ["quarters", "hours", "days"]) {
    const rows = await bed.query<{ sum: string }>(`select sum(sum) from aggregation.${table} where name = $1`, [name]);
    expect(rows).toEqual([{ sum: "24" }]);
  }
  expect(await valuesOf({ granularity: HOUR, tsMin: "2026-01-10T10:07:00Z" })).toEqual([8, 16]);
});
