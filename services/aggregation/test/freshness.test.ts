import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { microsOf, microsOfSql } from "@ocellus/runtime/time.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";
import { AskedSeries, type Services, servicesOf } from "./oracle/asked-series.ts";
import { holdUpMarking, holdUpMaterialising } from "./oracle/hold-up.ts";

let bed: TestBed;
let services: Services;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "aggregation"], { MATERIALISE_EVERY: "50ms" });
  services = servicesOf(bed);
});
afterAll(() => bed.stop());

const event = (name: string, time: string) => ({
  name,
  at: microsOfSql(time),
  value: 1,
});

test("the watermark is the frontier, at least a quarter of an hour old", async () => {
  const { watermark } = await eventually(async () => {
    const freshness = await services.aggregation.getFreshness({});
    return freshness.watermark && freshness;
  });
  const age = BigInt(Date.now()) * 1000n - microsOf(watermark!);
  expect(age).toBeGreaterThanOrEqual(900_000_000n);
  expect(age).toBeLessThan(2n * 900_000_000n + 60_000_000n);
});

test("dirty buckets are counted by series, and the oldest is told", async () => {
  const series = new AskedSeries(bed, services);
  await eventually(async () => (await services.aggregation.getFreshness({})).watermark);
  const release = await holdUpMaterialising(bed);
  await series.track([
    event("a", "2026-01-01T10:14:00Z"),
    event("a", "2026-01-01T10:07:00Z"),
    event("a", "2026-01-02T00:00:00Z"),
    event("b", "2025-12-01T00:20:00Z"),
    event("a", new Date().toISOString()),
  ]);
  await series.untilCounted();
  const { namespace } = series;
  const dirty = async (name: string) => {
    const { dirtyBuckets, oldestDirtyBucket } = await services.aggregation.getFreshness({ namespace, name });
    return [dirtyBuckets, oldestDirtyBucket && microsOf(oldestDirtyBucket)];
  };
  expect(await dirty("a")).toEqual([2n, microsOfSql("2026-01-01T10:00:00Z")]);
  expect(await dirty("")).toEqual([3n, microsOfSql("2025-12-01T00:15:00Z")]);
  expect(await dirty("none")).toEqual([0n, undefined]);
  await release();
  await eventually(async () => ((await dirty(""))[0] === 0n ? true : undefined));
});

test("changes that were not looked at are counted, and how long they wait", async () => {
  const series = new AskedSeries(bed, services);
  const release = await holdUpMarking(bed, series.namespace, "a", "2026-01-01T10:00:00Z");
  await series.track([event("a", "2026-01-01T10:14:00Z")]);
  const lagOf = async () => {
    const { pendingChanges, lag } = await services.aggregation.getFreshness({});
    return pendingChanges > 0n && lag ? Number(lag.seconds) * 1000 + lag.nanos / 1e6 : undefined;
  };
  const first = await eventually(lagOf);
  await eventually(async () => ((await lagOf())! > first + 100 ? true : undefined));
  await release();
  const { lag } = await eventually(async () => {
    const freshness = await services.aggregation.getFreshness({});
    return freshness.pendingChanges === 0n ? freshness : undefined;
  });
  expect(lag).toBeUndefined();
});

test("changes that are not announced yet are counted too", async () => {
  const pending = async () => {
    const { pendingChanges, lag } = await services.aggregation.getFreshness({});
    return { pendingChanges, isLagging: lag !== undefined };
  };
  const commit = (after: string) =>
    bed.query("insert into ingest.outbox values ($1, '', now() + $2::interval)", [randomUUID(), after]);
  // Too new for the sweep of the outbox.
  await commit("1 hour");
  expect(await pending()).toEqual({ pendingChanges: 1n, isLagging: true });
  // This one it takes soon.
  const lag = await eventually(async () => {
    await commit("-1.2345 seconds");
    const { lag } = await services.aggregation.getFreshness({});
    return lag && lag.seconds > 0n ? lag : undefined;
  });
  expect(lag.nanos % 1_000_000).toBe(0);
  await bed.query("delete from ingest.outbox");
  // The sweep may have announced it meanwhile.
  await eventually(async () => {
    expect(await pending()).toEqual({ pendingChanges: 0n, isLagging: false });
    return true;
  });
});

test("it tells since when events are kept, where not all are", async () => {
  expect((await services.aggregation.getFreshness({})).eventsKeptFrom).toBeUndefined();
  await bed.query("update ingest.kept_from set at = '2020-06-01Z'");
  const { eventsKeptFrom } = await services.aggregation.getFreshness({});
  expect(microsOf(eventsKeptFrom!)).toBe(microsOfSql("2020-06-01T00:00:00Z"));
});

test("without NATS it is unavailable", async () => {
  await bed.nats.stop("SIGKILL");
  expect(await errorOf(services.aggregation.getFreshness({}))).toMatchObject({
    code: status.UNAVAILABLE,
    reason: "QUEUE_UNAVAILABLE",
  });
  await bed.restartNats();
  await eventually(() => services.aggregation.getFreshness({}));
  const series = new AskedSeries(bed, services);
  await series.track([event("back", "2026-01-01T10:00:00Z")]);
  await series.untilCounted();
});

test("while a burst is being marked its buckets stay dirty, and are computed once it is", async () => {
  const series = new AskedSeries(bed, services);
  const { namespace } = series;
  const quarter = "2026-01-01T10:00:00Z";
  const release = await holdUpMarking(bed, namespace, "held", quarter);
  await series.track([event("held", "2026-01-01T10:14:00Z")]);
  await series.untilStored();
  await eventually(async () => ((await bed.query("select from ingest.outbox")).length === 0 ? true : undefined));
  const lagged = (seconds: bigint) =>
    eventually(async () => {
      const { lag } = await services.aggregation.getFreshness({});
      return lag && lag.seconds >= seconds ? true : undefined;
    });
  const isDirty = async (name: string) => {
    const { dirtyBuckets } = await services.aggregation.getFreshness({ namespace, name });
    return dirtyBuckets > 0n;
  };
  await lagged(2n);
  await bed.query("insert into aggregation.dirty_buckets values ($1, 'other', $2)", [namespace, quarter]);
  await lagged(4n);
  expect(await isDirty("other")).toBe(true);
  await release();
  await series.untilCounted();
  await eventually(async () => ((await isDirty("other")) || (await isDirty("held")) ? undefined : true));
});
