import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  AggregationService,
  AggregationType,
  Granularity,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { microsOfSql, timestampOf } from "@ocellus/runtime/time.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let aggregation: ServiceClient<typeof AggregationService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "aggregation"], { MATERIALISE_EVERY: "50ms", EXACT_PERCENTILES_UP_TO: "100" });
  ingest = bed.client("ingest", IngestService);
  aggregation = bed.client("aggregation", AggregationService);
});
afterAll(() => bed.stop());

const { P50, P75, P90, P95, P99 } = AggregationType;
const PERCENTS = [50, 75, 90, 95, 99];
const START = microsOfSql("2026-01-01T00:00:00Z");
const SECOND = 1_000_000n;

/** Tracks values, a minute apart from each other, and waits until they are materialised. */
async function track(values: number[]): Promise<string> {
  const name = randomUUID();
  const events = values.map((value, index) => ({ name, value, timestamp: timestampOf(minute(index)) }));
  for (let from = 0; from < events.length; from += 1000) {
    await ingest.batchTrackEvents({ events: events.slice(from, from + 1000) });
  }
  await eventually(async () => {
    const [row] = await bed.query<{ done: boolean }>(
      `select (select sum(count) from aggregation.days where name = $1) = $2
         and not exists (select from aggregation.dirty_buckets where name = $1) as done`,
      [name, values.length],
    );
    return row?.done ? true : undefined;
  });
  return name;
}

const minute = (index: number) => START + BigInt(index) * 60n * SECOND;

/** All percentiles of the values in a window, by the year, and whether they are estimated. */
async function percentilesOf(name: string, from: number, to: number, granularity: Granularity = Granularity.YEAR) {
  const { rows, percentilesEstimated } = await aggregation.queryAggregates({
    namespace: "default",
    name,
    granularity,
    timeZone: "Asia/Kolkata",
    aggregationTypes: [P50, P75, P90, P95, P99],
    tsMin: timestampOf(minute(from)),
    tsMax: timestampOf(minute(to) + SECOND),
  });
  return { rows: rows.map(({ values }) => values.map(({ value }) => value ?? Number.NaN)), percentilesEstimated };
}

/** The same of all values of a series, each day of which is one rollup. */
async function percentilesByDay(name: string) {
  const { rows, percentilesEstimated } = await aggregation.queryAggregates({
    namespace: "default",
    name,
    granularity: Granularity.DAY,
    aggregationTypes: [P50, P75, P90, P95, P99],
  });
  return { rows: rows.map(({ values }) => values.map(({ value }) => value ?? Number.NaN)), percentilesEstimated };
}

function expectWithin1Percent(estimates: number[], values: number[]) {
  for (const [index, exact] of exactPercentiles(values).entries()) {
    expect(Math.abs(estimates[index]! / 2 - exact / 2)).toBeLessThanOrEqual(Math.abs(exact / 2) * 0.01);
  }
}

function exactPercentiles(values: number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return PERCENTS.map((percent) => sorted[Math.ceil((percent * sorted.length) / 100) - 1]!);
}

/** A number from 0 to 1 that looks random, and is the same each time. */
const scattered = (index: number) => ((index * 7919 + 104_729) % 10_007) / 10_007;

test.each<[string, (index: number) => number]>([
  ["of every size that a double can have", (index) => 10 ** (scattered(index) * 616 - 308)],
  ["that are too small to be normal", (index) => Math.ceil(2 ** (scattered(index) * 52)) * Number.MIN_VALUE],
  ["with few digits below the normal ones", (index) => Math.ceil(scattered(index) * 300) * Number.MIN_VALUE],
  ["at the end of what a double can hold", (index) => Number.MAX_VALUE * (1 - scattered(index) / 20)],
  ["below zero", (index) => -(10 ** (scattered(index) * 6))],
  ["around zero", (index) => Math.round((scattered(index) - 0.5) * 40)],
  ["that are much alike", (index) => 1000 + scattered(index)],
])("percentiles of many values %s are within 1 percent", async (_, value) => {
  const values = Array.from({ length: 400 }, (_, index) => value(index));
  const name = await track(values);
  for (const [from, to] of [
    [0, 399],
    [7, 298],
  ] as const) {
    const { rows, percentilesEstimated } = await percentilesOf(name, from, to);
    expect(percentilesEstimated).toBe(true);
    expect(rows).toHaveLength(1);
    expectWithin1Percent(rows[0]!, values.slice(from, to + 1));
  }
  const { rows, percentilesEstimated } = await percentilesByDay(name);
  expect(percentilesEstimated).toBe(true);
  expectWithin1Percent(rows[0]!, values);
});

test("percentiles of few values are exact, however many the series has", async () => {
  const values = Array.from({ length: 300 }, (_, index) => scattered(index));
  const name = await track(values);
  expect(await percentilesOf(name, 110, 209)).toEqual({
    rows: [exactPercentiles(values.slice(110, 210))],
    percentilesEstimated: false,
  });
  expect(await percentilesOf(name, 110, 210)).toMatchObject({ percentilesEstimated: true });
});

test("each bucket of an estimate has the percentiles of its own values", async () => {
  const values = Array.from({ length: 300 }, (_, index) => (index < 150 ? 10 : 1000) + scattered(index));
  const { rows } = await percentilesOf(await track(values), 0, 299, Granularity.HOUR);
  // By the clock of Kolkata hours start 30 minutes after those of UTC.
  expect(rows).toHaveLength(6);
  expect(rows.map(([median]) => Math.round(median! / 100))).toEqual([0, 0, 0, 10, 10, 10]);
});
