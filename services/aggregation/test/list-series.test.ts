import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { microsOf, microsOfSql } from "@ocellus/runtime/time.ts";
import { runMigrations } from "@ocellus/suite/service-process.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";
import { AskedSeries, type Services, servicesOf } from "./oracle/asked-series.ts";
import { holdUpMaterialising } from "./oracle/hold-up.ts";

let bed: TestBed;
let services: Services;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "aggregation"], { MATERIALISE_EVERY: "50ms" });
  services = servicesOf(bed);
});
afterAll(() => bed.stop());

const event = (name: string, time: string, value?: number) => ({
  name,
  at: microsOfSql(time),
  value,
});

/** The series of a namespace, as they are listed. */
async function listed(namespace: string, name = "") {
  const { series, nextPageToken } = await services.aggregation.listSeries({ namespace, name });
  expect(nextPageToken).toBe("");
  return series.map(({ name, firstEventTime, lastEventTime, eventCount }) => ({
    name,
    first: firstEventTime && microsOf(firstEventTime),
    last: lastEventTime && microsOf(lastEventTime),
    count: Number(eventCount),
  }));
}

/** The same, as its events make them. */
function counted(series: AskedSeries, names: string[]) {
  return names.map((name) => {
    const times = series.events(name).map(({ at }) => at);
    const sorted = times.sort((one, other) => (one < other ? -1 : 1));
    return { name, first: sorted[0], last: sorted.at(-1), count: times.length };
  });
}

test("late, changed and deleted events count, while buckets are dirty and when they are clean", async () => {
  const series = new AskedSeries(bed, services);
  const [moved, deleted, , last] = await series.track([
    event("a", "2026-01-01T10:00:00.000001Z"),
    event("a", "2026-01-01T10:20:00Z", 1),
    event("a", "2026-02-01T00:00:00Z"),
    event("a", "2026-03-01T00:00:00.999999Z"),
    event("b", "2025-12-31T23:59:59.999999Z"),
    event("gone", "2026-01-01T00:00:00Z"),
    event("a", new Date().toISOString()),
  ]);
  await series.untilCounted();
  await series.untilClean();
  expect(await listed(series.namespace)).toEqual(counted(series, ["a", "b", "gone"]));

  const release = await holdUpMaterialising(bed);
  await series.track([
    event("a", "2019-05-05T00:00:00Z"),
    event("a", "2026-01-01T10:21:00Z"),
    event("z", "2026-01-01T00:00:00Z"),
  ]);
  await series.update({ ...moved!, at: microsOfSql("2026-02-02T00:00:00Z") });
  await series.update({ ...last!, name: "b" });
  await series.delete(deleted!.id);
  await series.delete(series.events("gone")[0]!.id);
  await series.untilCounted();
  expect(await listed(series.namespace)).toEqual(counted(series, ["a", "b", "z"]));
  await release();
  await series.untilClean();
  expect(await listed(series.namespace)).toEqual(counted(series, ["a", "b", "z"]));
});

test("pages go by namespace and name, and pass over series without events", async () => {
  const series = new AskedSeries(bed, services);
  const names = Array.from({ length: 9 }, (_, index) => `n${index}`);
  await series.track(names.map((name) => event(name, "2026-01-01T00:00:00Z")));
  await series.untilCounted();
  for (const name of ["n2", "n3", "n4", "n8"]) await series.delete(series.events(name)[0]!.id);
  await series.untilCounted();
  const pages: string[][] = [];
  const request = { namespace: series.namespace, pageSize: 2 };
  for (let pageToken: string | undefined = ""; pageToken !== undefined; ) {
    const page = await services.aggregation.listSeries({ ...request, pageToken });
    pages.push(page.series.map(({ name }) => name));
    pageToken = page.nextPageToken || undefined;
  }
  expect(pages).toEqual([["n0", "n1"], ["n5", "n6"], ["n7"]]);
});

test("a name is found in every namespace", async () => {
  const both = [new AskedSeries(bed, services), new AskedSeries(bed, services)];
  for (const series of both) {
    await series.track([event("everywhere", "2026-01-01T00:00:00Z"), event("else", "2026-01-01T00:00:00Z")]);
    await series.untilCounted();
  }
  const { series: found } = await services.aggregation.listSeries({ name: "everywhere" });
  const namespaces = both.map(({ namespace }) => namespace).sort();
  expect(found.map(({ namespace, name }) => [namespace, name])).toEqual(namespaces.map((each) => [each, "everywhere"]));
});

test("series of which the events are no longer kept are told from what was materialised", async () => {
  const series = new AskedSeries(bed, services);
  await series.track([
    event("old", "2021-01-01T10:00:00Z"),
    event("old", "2021-01-05T10:00:00Z"),
    event("old", "2021-01-05T10:01:00Z"),
    event("both", "2021-01-05T10:01:00Z"),
    event("both", "2026-01-05T10:01:00Z"),
  ]);
  await series.untilCounted();
  await series.untilClean();
  const before = await listed(series.namespace);
  await bed.query("update ingest.kept_from set at = '2021-02-01Z'");
  await bed.query(`delete from ingest.events where "timestamp" < '2021-02-01Z'`);
  expect(await listed(series.namespace)).toEqual(before);
  await bed.query("update ingest.kept_from set at = '-infinity'");
});

test("a database that was filled before there was a table of series lists them all", async () => {
  const series = new AskedSeries(bed, services);
  await series.track([event("clean", "2026-01-01T00:00:00Z")]);
  await series.untilCounted();
  await series.untilClean();
  const release = await holdUpMaterialising(bed);
  await series.track([event("dirty", "2026-01-01T00:00:00Z"), event("new", new Date().toISOString())]);
  await series.untilCounted();
  await bed.query("drop trigger note_series on aggregation.dirty_buckets");
  await bed.query("drop function aggregation.note_series");
  await bed.query("drop table aggregation.series");
  for (const table of ["quarters", "hours", "days"]) {
    await bed.query(`alter table aggregation.${table} drop column last_timestamp`);
  }
  await bed.query("delete from aggregation.mikro_orm_migrations where name = '0005-list-series'");
  await runMigrations({ environment: { DATABASE_URL: bed.adminUrl } });
  await release();
  expect((await listed(series.namespace)).map(({ name }) => name)).toEqual(["clean", "dirty", "new"]);
});

test("a bad request is refused", async () => {
  const { listSeries } = services.aggregation;
  const { nextPageToken } = await listSeries({ pageSize: 1 });
  expect(await errorOf(listSeries({ namespace: "a", pageToken: nextPageToken }))).toMatchObject({
    code: status.INVALID_ARGUMENT,
    reason: "INVALID_PAGE_TOKEN",
  });
  const [binding] = JSON.parse(Buffer.from(nextPageToken, "base64url").toString());
  for (const parts of [[], ["a"], ["a", "\0"], ["a", ""], ["a", "b", "c"]]) {
    const pageToken = Buffer.from(JSON.stringify([binding, ...parts])).toString("base64url");
    expect([parts, (await errorOf(listSeries({ pageToken }))).reason]).toEqual([parts, "INVALID_PAGE_TOKEN"]);
  }
  const fields = (await errorOf(listSeries({ namespace: "\0", pageSize: -1 }))).fields;
  expect(fields).toEqual(["namespace", "page_size"]);
});
