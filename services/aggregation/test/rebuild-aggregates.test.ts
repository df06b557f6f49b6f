import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  AggregationType,
  Granularity,
  type RebuildAggregatesResponse,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { microsOf, microsOfSql, timestampOf } from "@ocellus/runtime/time.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";
import { AskedSeries, type Services, servicesOf } from "./oracle/asked-series.ts";
import { event, expectExact, type RebuildRequest, rebuildWhole, trackCleanSeries } from "./oracle/rebuilding.ts";

let bed: TestBed;
let services: Services;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "aggregation"], { MATERIALISE_EVERY: "50ms" });
  services = servicesOf(bed);
});
afterAll(() => bed.stop());

const at = (time: string) => timestampOf(microsOfSql(time));
const rebuild = (request: RebuildRequest) => rebuildWhole(services, request);
const cleanSeries = () => trackCleanSeries(bed, services);

/** What a difference says: the bucket, its length in minutes, and count, sum, min and max, before and after. */
const readable = ({ differences }: Awaited<ReturnType<typeof rebuild>>) =>
  differences.map(({ name, bucketStart, length, before, after }) => [
    name,
    new Date(Number(microsOf(bucketStart!) / 1000n)).toISOString(),
    Number(length!.seconds) / 60,
    before && [Number(before.count), before.sum, before.min, before.max],
    after && [Number(after.count), after.sum, after.min, after.max],
  ]);

test("a rebuild of what is as it should be finds no difference", async () => {
  const { namespace } = await cleanSeries();
  expect(await rebuild({ namespace })).toEqual({ rebuilt: 4, differences: [] });
  expect(await rebuild({ namespace, name: "a" })).toEqual({ rebuilt: 3, differences: [] });
  const day = { namespace, name: "a", tsMin: at("2026-01-01T10:29:00Z"), tsMax: at("2026-01-02T00:00:00Z") };
  expect(await rebuild(day)).toEqual({ rebuilt: 2, differences: [] });
});

test("quarters of an hour that are wrong, lost or made up are told, and put right", async () => {
  const series = await cleanSeries();
  const { namespace } = series;
  const change = (statement: string) => bed.query(statement, [namespace]);
  const where = "where namespace = $1 and name = 'a' and bucket_start";
  await change(
    `update aggregation.quarters set sum = 12345678901234567890.5, min = null ${where} = '2026-01-01T10:00Z'`,
  );
  await change(`delete from aggregation.quarters ${where} = '2026-01-02Z'`);
  await change(`insert into aggregation.quarters select namespace, name, '2026-01-03Z', first_timestamp, count, value_count, sum, min, max
    from aggregation.quarters ${where} = '2026-01-01T10:15Z'`);
  expect(readable(await rebuild({ namespace })).filter(([, , minutes]) => minutes === 15)).toEqual([
    ["a", "2026-01-01T10:00:00.000Z", 15, [2, "12345678901234567890.5", undefined, 0.2], [2, "0.3", 0.1, 0.2]],
    ["a", "2026-01-02T00:00:00.000Z", 15, undefined, [1, "7", 7, 7]],
    ["a", "2026-01-03T00:00:00.000Z", 15, [1, "", undefined, undefined], undefined],
  ]);
  await expectExact(series);
  expect(await rebuild({ namespace })).toEqual({ rebuilt: 4, differences: [] });
});

test("hours and days that are wrong are told, and put right", async () => {
  const series = await cleanSeries();
  const { namespace } = series;
  await bed.query("update aggregation.days set count = 50 where namespace = $1 and name = 'b'", [namespace]);
  await bed.query(
    "delete from aggregation.hours where namespace = $1 and name = 'a' and bucket_start < '2026-01-02Z'",
    [namespace],
  );
  expect(readable(await rebuild({ namespace }))).toEqual([
    ["a", "2026-01-01T00:00:00.000Z", 1440, [3, "0.3", 0.1, 0.2], undefined],
    ["a", "2026-01-01T10:00:00.000Z", 60, undefined, [3, "0.3", 0.1, 0.2]],
    ["b", "2026-01-01T00:00:00.000Z", 1440, [50, "1", 1, 1], [1, "1", 1, 1]],
  ]);
  await expectExact(series);
  expect(await rebuild({ namespace })).toEqual({ rebuilt: 4, differences: [] });
});

test("an event that was never announced is found, in a series that is known to nobody too", async () => {
  const namespace = randomUUID();
  await bed.query(
    `insert into ingest.events (id, "timestamp", namespace, name, value, receive_time)
     values (gen_random_uuid(), '2026-01-01T10:00Z', $1, 'lost', 3, now())`,
    [namespace],
  );
  const { aggregation } = services;
  const query = {
    namespace,
    name: "lost",
    granularity: Granularity.DAY,
    aggregationType: AggregationType.COUNT,
  };
  expect((await aggregation.queryAggregates(query)).rows).toEqual([]);
  const found = readable(await rebuild({ namespace })).map(([name, , minutes, before, after]) => [
    name,
    minutes,
    before,
    after,
  ]);
  expect(found).toEqual([["lost", 15, undefined, [1, "3", 3, 3]]]);
  expect((await aggregation.queryAggregates(query)).rows.map(({ value }) => value)).toEqual([1]);
  expect((await aggregation.listSeries({ namespace })).series.map(({ name }) => name)).toEqual(["lost"]);
});

test("two rebuilds at once find each difference once", async () => {
  const series = await cleanSeries();
  const { namespace } = series;
  await bed.query("update aggregation.quarters set count = 50 where namespace = $1", [namespace]);
  const both = await Promise.all([rebuild({ namespace }), rebuild({ namespace })]);
  const buckets = both.flatMap(readable).filter(([, , minutes]) => minutes === 15);
  expect(buckets.map(([name, start]) => `${name} ${start}`).sort()).toEqual([
    "a 2026-01-01T10:00:00.000Z",
    "a 2026-01-01T10:15:00.000Z",
    "a 2026-01-02T00:00:00.000Z",
    "b 2026-01-01T10:00:00.000Z",
  ]);
  await expectExact(series);
});

test("a rebuild that was cancelled goes on from its token, and counts on", async () => {
  const series = new AskedSeries(bed, services);
  const names = Array.from({ length: 6 }, (_, index) => `n${index}`);
  await series.track(names.map((name) => event(name, "2026-01-01T10:00:00Z", 1)));
  await series.untilCounted();
  await series.untilClean();
  const { namespace } = series;
  await bed.query("update aggregation.quarters set sum = 2 where namespace = $1", [namespace]);
  const cancel = new AbortController();
  const told: string[] = [];
  let resumeToken = "";
  for await (const answer of services.aggregation.rebuildAggregates({ namespace }, { signal: cancel.signal })) {
    told.push(...answer.differences.filter(({ length }) => length!.seconds === 900n).map(({ name }) => name));
    resumeToken = answer.resumeToken;
    if (told.length === 3) break;
  }
  cancel.abort();
  await bed.start("aggregation");
  const rest: string[] = [];
  let last: RebuildAggregatesResponse | undefined;
  for await (const answer of services.aggregation.rebuildAggregates({ namespace, resumeToken })) {
    rest.push(...answer.differences.filter(({ length }) => length!.seconds === 900n).map(({ name }) => name));
    last = answer;
  }
  expect(told).toEqual(["n0", "n1", "n2"]);
  // What was done after the last answer that came stays done, and is told to nobody.
  expect(names.slice(3)).toEqual(expect.arrayContaining(rest));
  expect([last!.rebuiltBuckets, last!.done]).toEqual([6n, true]);
  expect((await rebuild({ namespace })).differences).toEqual([]);

  const other = async (request: RebuildRequest) => {
    for await (const _ of services.aggregation.rebuildAggregates(request));
  };
  for (const request of [
    { resumeToken },
    { namespace, name: "n0", resumeToken },
    { namespace, tsMin: at("2026-01-01T00:00:00Z"), resumeToken },
    { namespace, resumeToken: "none" },
    { namespace, resumeToken: withSeries(resumeToken, namespace, "\0") },
    { namespace, resumeToken: withSeries(resumeToken, namespace) },
  ]) {
    expect(await errorOf(other(request))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: "INVALID_RESUME_TOKEN",
      fields: ["resume_token"],
    });
  }
  const reversed = { tsMin: at("2026-01-02T00:00:00Z"), tsMax: at("2026-01-01T00:00:00Z") };
  expect((await errorOf(other(reversed))).fields).toEqual(["ts_max"]);
});

/** A token with another series in it: anybody can make one. */
function withSeries(token: string, ...series: string[]): string {
  const parts: string[] = JSON.parse(Buffer.from(token, "base64url").toString());
  return Buffer.from(JSON.stringify([...parts.slice(0, 5), ...series])).toString("base64url");
}

test("what was made of events that are no longer kept stays as it is", async () => {
  const series = new AskedSeries(bed, services);
  await series.track([event("a", "2021-01-01T10:00:00Z", 1), event("a", "2026-01-01T10:00:00Z", 1)]);
  await series.untilCounted();
  await series.untilClean();
  await bed.query("update ingest.kept_from set at = '2021-02-01Z'");
  await bed.query(`delete from ingest.events where "timestamp" < '2021-02-01Z'`);
  expect(await rebuild({ namespace: series.namespace })).toEqual({ rebuilt: 1, differences: [] });
  await expectExact(series);
});
