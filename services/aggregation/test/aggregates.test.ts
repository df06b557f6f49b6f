import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  AggregationService,
  AggregationType,
  Granularity,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let aggregation: ServiceClient<typeof AggregationService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "aggregation"], { MATERIALISE_EVERY: "100ms" });
  ingest = bed.client("ingest", IngestService);
  aggregation = bed.client("aggregation", AggregationService);
});
afterAll(() => bed.stop());

const { NONE, MINUTE, HOUR, DAY, WEEK, MONTH, YEAR } = Granularity;
const { COUNT, SUM, MIN, MAX, AVG } = AggregationType;
const at = (iso: string) => timestampFromDate(new Date(iso));
const namespace = "metrics";

/** Tracks values of a series at times, and waits until they are stored and marked. */
async function track(name: string, values: [iso: string, value?: number][]): Promise<void> {
  const before = await markedCount();
  const events = values.map(([iso, value]) => ({ namespace, name, timestamp: at(iso), value }));
  await ingest.batchTrackEvents({ events });
  await eventually(async () => ((await markedCount()) >= before + values.length ? true : undefined));
}

async function markedCount(): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${bed.ports.aggregationHealth}/metrics`)).text();
  return Number(/^ocellus_events_counted_total (\d+)$/m.exec(metrics)?.[1]);
}

type Window = { tsMin?: string; tsMax?: string };

async function query(name: string, granularity: Granularity, aggregationType: AggregationType, window: Window = {}) {
  const { rows } = await aggregation.queryAggregates({
    namespace,
    name,
    granularity,
    aggregationType,
    tsMin: window.tsMin ? at(window.tsMin) : undefined,
    tsMax: window.tsMax ? at(window.tsMax) : undefined,
  });
  const iso = (time: (typeof rows)[number]["bucketStart"]) => (time ? timestampDate(time).toISOString() : "");
  return rows.map(({ bucketStart, aggregatedTimestamp, value, count }) => [
    iso(bucketStart),
    iso(aggregatedTimestamp),
    value,
    Number(count),
  ]);
}

/** Waits until no bucket of the series is dirty, so that all are materialised. */
const untilMaterialised = (name: string) =>
  eventually(async () => {
    const dirty = await bed.query("select from aggregation.dirty_buckets where name = $1", [name]);
    return dirty.length === 0 ? true : undefined;
  });

test.each([
  [COUNT, [4, 1]],
  [SUM, [0.6, -7]],
  [MIN, [0.1, -7]],
  [MAX, [0.3, -7]],
  [AVG, [0.2, -7]],
])("an aggregation of type %s holds exact values", async (type, values) => {
  const name = `exact-${type}`;
  await track(name, [
    ["2026-01-01T10:00:00.000Z", 0.1],
    ["2026-01-01T10:10:00.000Z", 0.2],
    ["2026-01-01T10:59:59.999Z", 0.3],
    ["2026-01-01T10:30:00.000Z"],
    ["2026-01-01T11:00:00.000Z", -7],
  ]);
  const expected = [
    ["2026-01-01T10:00:00.000Z", "2026-01-01T10:00:00.000Z", values[0], 4],
    ["2026-01-01T11:00:00.000Z", "2026-01-01T11:00:00.000Z", values[1], 1],
  ];
  expect(await query(name, HOUR, type)).toEqual(expected);
  await untilMaterialised(name);
  expect(await query(name, HOUR, type)).toEqual(expected);
});

test("events without a value count, and have no other aggregate", async () => {
  await track("valueless", [["2026-01-01T10:00:30Z"], ["2026-01-01T10:00:10Z"]]);
  const row = ["2026-01-01T10:00:00.000Z", "2026-01-01T10:00:10.000Z"];
  expect(await query("valueless", MINUTE, COUNT)).toEqual([[...row, 2, 2]]);
  for (const type of [SUM, MIN, MAX, AVG])
    expect(await query("valueless", MINUTE, type)).toEqual([[...row, undefined, 2]]);
});

test.each<[string, Granularity, [bucketStart: string, sum: number, count: number][]]>([
  [
    "week, from Monday on,",
    WEEK,
    [
      ["2024-12-23", 1, 1],
      ["2024-12-30", 6, 2],
      ["2025-01-06", 8, 1],
      ["2025-01-27", 48, 2],
    ],
  ],
  [
    "month",
    MONTH,
    [
      ["2024-12-01", 3, 2],
      ["2025-01-01", 28, 3],
      ["2025-02-01", 32, 1],
    ],
  ],
  [
    "year",
    YEAR,
    [
      ["2024-01-01", 3, 2],
      ["2025-01-01", 60, 4],
    ],
  ],
])("buckets of a %s hold all its days, and no other", async (_, granularity, expected) => {
  const name = `calendar-${granularity}`;
  await track(name, [
    ["2024-12-29T23:59:59.999Z", 1],
    ["2024-12-30T00:00:00Z", 2],
    ["2025-01-05T23:59:59.999Z", 4],
    ["2025-01-06T00:00:00Z", 8],
    ["2025-01-31T23:59:59.999Z", 16],
    ["2025-02-01T00:00:00Z", 32],
  ]);
  const answered = async () =>
    (await query(name, granularity, SUM)).map(([start, , sum, count]) => [String(start).slice(0, 10), sum, count]);
  expect(await answered()).toEqual(expected);
  await untilMaterialised(name);
  expect(await answered()).toEqual(expected);
});

test("without buckets there is one row for each distinct timestamp", async () => {
  await track("distinct", [
    ["2026-01-01T10:00:00.001Z", 3],
    ["2026-01-01T10:00:00Z", 1],
    ["2026-01-01T10:00:00Z", 2],
  ]);
  const [first, second] = ["2026-01-01T10:00:00.000Z", "2026-01-01T10:00:00.001Z"];
  expect(await query("distinct", NONE, MAX)).toEqual([
    [first, first, 2, 2],
    [second, second, 3, 1],
  ]);
});

test("a window holds both its ends, and either may be left out", async () => {
  const name = "window";
  await track(
    name,
    Array.from({ length: 12 }, (_, hour) => [`2026-01-01T${String(hour).padStart(2, "0")}:07:00Z`, hour]),
  );
  await untilMaterialised(name);
  const hours = async (window: Window) => (await query(name, HOUR, SUM, window)).map(([, , value]) => value);
  expect(await hours({ tsMin: "2026-01-01T02:07:00Z", tsMax: "2026-01-01T05:07:00Z" })).toEqual([2, 3, 4, 5]);
  expect(await hours({ tsMin: "2026-01-01T02:07:00.001Z", tsMax: "2026-01-01T05:06:59.999Z" })).toEqual([3, 4]);
  expect(await hours({ tsMin: "2026-01-01T09:00:00Z" })).toEqual([9, 10, 11]);
  expect(await hours({ tsMax: "2026-01-01T01:15:00Z" })).toEqual([0, 1]);
  expect(await hours({ tsMin: "2026-01-01T04:05:00Z", tsMax: "2026-01-01T04:08:00Z" })).toEqual([4]);
});

test("a late event changes a bucket that is materialised", async () => {
  const name = "late";
  await track(name, [["2026-01-01T10:00:00Z", 1]]);
  await untilMaterialised(name);
  await track(name, [["2026-01-01T10:05:00Z", 2]]);
  expect(await query(name, DAY, SUM)).toEqual([["2026-01-01T00:00:00.000Z", "2026-01-01T10:00:00.000Z", 3, 2]]);
  await untilMaterialised(name);
  expect(await query(name, DAY, SUM)).toEqual([["2026-01-01T00:00:00.000Z", "2026-01-01T10:00:00.000Z", 3, 2]]);
});

test("random events make the aggregates of a full scan, while buckets are dirty and when they are clean", async () => {
  const name = "random";
  const start = Date.UTC(2026, 0, 1);
  const values = Array.from({ length: 600 }, (_, index): [string, number?] => {
    const scattered = (index * 7919) % 600;
    const value = scattered % 5 === 0 ? undefined : (scattered % 97) / 10;
    return [new Date(start + scattered * 437_111).toISOString(), value];
  });
  const windows: Window[] = [
    {},
    { tsMin: "2026-01-01T03:07:00Z", tsMax: "2026-01-02T20:22:00Z" },
    { tsMin: "2026-01-03T00:00:00Z" },
    { tsMax: "2026-01-01T23:59:59.999Z" },
  ];
  const scanned = (window: Window) => {
    const days = new Map<string, number>();
    for (const [iso, value] of values) {
      if (
        (window.tsMin && iso < new Date(window.tsMin).toISOString()) ||
        (window.tsMax && iso > new Date(window.tsMax).toISOString())
      )
        continue;
      const day = `${iso.slice(0, 10)}T00:00:00.000Z`;
      days.set(day, (days.get(day) ?? 0) + Math.round((value ?? 0) * 10));
    }
    return [...days].sort().map(([day, tenths]) => [day, tenths / 10]);
  };
  const answered = async (window: Window) =>
    (await query(name, DAY, SUM, window)).map(([day, , value]) => [day, value]);

  for (let from = 0; from < values.length; from += 200) {
    await track(name, values.slice(from, from + 200));
    if (from === 0) await untilMaterialised(name);
  }
  for (const window of windows) expect(await answered(window)).toEqual(scanned(window));
  await untilMaterialised(name);
  for (const window of windows) expect(await answered(window)).toEqual(scanned(window));
});

test("a series without events answers no rows", async () => {
  expect(await query("nobody's", HOUR, AVG)).toEqual([]);
});

test("a sum beyond what a double holds is refused, and holds up nothing", async () => {
  const name = "huge";
  await track(name, [
    ["2026-01-01T10:00:00Z", 1.7e308],
    ["2026-01-01T10:00:01Z", 1.7e308],
  ]);
  await untilMaterialised(name);
  const request = { namespace, name, granularity: HOUR, aggregationType: SUM };
  expect(await errorOf(aggregation.queryAggregates(request))).toMatchObject({
    code: status.OUT_OF_RANGE,
    reason: "VALUE_OUT_OF_RANGE",
  });
  expect(await query(name, HOUR, AVG)).toMatchObject([{ 2: 1.7e308 }]);
});

test("a bad query is refused with every offending field at once", async () => {
  const error = await errorOf(
    aggregation.queryAggregates({ namespace: "", name: "a\0", tsMin: { seconds: 10n ** 15n } }),
  );
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(error.fields).toEqual(["namespace", "name", "ts_min", "granularity", "aggregation_type"]);
});

test("the service cannot change the events that it reads", async () => {
  const rows = await bed.query<{ privilege_type: string }>(
    `select distinct privilege_type from information_schema.role_table_grants
     where table_schema = 'ingest' and grantee in ('ocellus_aggregation', 'ocellus_events_reader')`,
  );
  expect(rows).toEqual([{ privilege_type: "SELECT" }]);
});
