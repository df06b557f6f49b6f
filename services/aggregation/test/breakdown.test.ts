import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  AggregationService,
  AggregationType,
  GapFill,
  Granularity,
  type QueryAggregatesRequestSchema,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { fetch } from "../../../test/support/fetch-with-token.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let aggregation: ServiceClient<typeof AggregationService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "aggregation", "gateway"], {
    MATERIALISE_EVERY: "100ms",
    SCAN_LIMIT_ROWS: "100",
  });
  ingest = bed.client("ingest", IngestService);
  aggregation = bed.client("aggregation", AggregationService);
});
afterAll(() => bed.stop());

const { NONE, SECOND, MINUTE, HOUR, DAY } = Granularity;
const { COUNT, SUM, MIN, MAX, AVG, RATE, P50, P75, P90, P95, P99, DISTINCT_PERSONS, DISTINCT_SESSIONS } =
  AggregationType;
const namespace = "shop";
const at = (iso: string) => timestampFromDate(new Date(iso));

interface Tracked {
  time?: string;
  value?: number;
  category?: string;
  sessionId?: string;
  personId?: string;
  data?: JsonObject;
}

/** Tracks events of a series, at noon where no time is given, and waits until they are stored and marked. */
async function track(name: string, events: Tracked[]): Promise<void> {
  const before = await markedCount();
  await ingest.batchTrackEvents({
    events: events.map(({ time = "2026-01-01T12:00:00Z", ...event }) => ({
      namespace,
      name,
      timestamp: at(time),
      ...event,
    })),
  });
  await eventually(async () => ((await markedCount()) >= before + events.length ? true : undefined));
}

async function markedCount(): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${bed.ports.aggregationHealth}/metrics`)).text();
  return Number(/^ocellus_events_counted_total (\d+)$/m.exec(metrics)?.[1]);
}

const untilMaterialised = (name: string) =>
  eventually(async () => {
    const dirty = await bed.query("select from aggregation.dirty_buckets where name = $1", [name]);
    return dirty.length === 0 ? true : undefined;
  });

type Asked = MessageInitShape<typeof QueryAggregatesRequestSchema>;

/** The rows of an answer: by the day and counted, unless asked otherwise. */
async function rowsOf(name: string, asked: Asked) {
  const request = { namespace, name, granularity: DAY, aggregationType: COUNT, ...asked };
  return (await aggregation.queryAggregates(request)).rows;
}

/** How many events the filters find. */
const found = async (name: string, ...filters: string[]) => Number((await rowsOf(name, { filters }))[0]?.count ?? 0);

/** What each group has: its name, "(none)" for events without the field, "(other)" for the rest, and its value. */
async function groupsOf(name: string, groupBy: string, asked: Asked = {}) {
  const rows = await rowsOf(name, { groupBy, ...asked });
  return rows.map(({ group, other, value }) => [other ? "(other)" : (group ?? "(none)"), value]);
}

test("events are found by each field", async () => {
  await track("fields", [
    { category: "order", sessionId: "s1", personId: "ann" },
    { category: "order", sessionId: "s2", personId: "bob" },
    { category: "offer", sessionId: "s2" },
    {},
  ]);
  expect(await found("fields", "category=order")).toBe(2);
  expect(await found("fields", "session_id=s2")).toBe(2);
  expect(await found("fields", "person_id=ann")).toBe(1);
  expect(await found("fields", "category=")).toBe(1);
  expect(await found("fields", "session_id=")).toBe(1);
  expect(await found("fields", "person_id=")).toBe(2);
  expect(await found("fields", "category=none")).toBe(0);
});

test("one filter on each field must hold", async () => {
  await track("several", [
    { category: "a", personId: "ann", data: { host: "web-1" } },
    { category: "b", personId: "ann", data: { host: "web-2" } },
    { category: "b", data: { host: "web-1" } },
    { personId: "ann" },
  ]);
  expect(await found("several", "category=a", "category=b")).toBe(3);
  expect(await found("several", "category=a", "category=")).toBe(2);
  expect(await found("several", "category=a", "category=b", "person_id=ann")).toBe(2);
  expect(await found("several", "category=b", "person_id=ann", "data.host=web-2")).toBe(1);
  expect(await found("several", "data.host=web-2", "data.host=", "person_id=ann")).toBe(2);
  expect(await found("several", "category=a", "data.host=web-2")).toBe(0);
});

test.each<[string, JsonObject, string]>([
  ["a text", { k: "Web 1" }, "data.k=Web 1"],
  ["a text with an equals sign", { k: "a=b" }, "data.k=a=b"],
  ["a whole number", { k: 5 }, "data.k=5"],
  ["a number that was sent as 1.0e3", JSON.parse('{"k":1.0e3}'), "data.k=1000"],
  ["a fraction", { k: -0.5 }, "data.k=-0.5"],
  ["a large number", { k: 1e21 }, "data.k=1e+21"],
  ["true", { k: true }, "data.k=true"],
  ["false", { k: false }, "data.k=false"],
  ["null", { k: null }, "data.k="],
  ["no such key", { other: "x" }, "data.k="],
  ["a nested text", { k: { l: { m: "x" } } }, "data.k.l.m=x"],
  ["an item of a list", { k: ["x", { l: "y" }] }, "data.k.1.l=y"],
  ["a list", { k: ["x", 1] }, 'data.k=["x",1]'],
  ["a key with quotes", { 'it\'s "k"': "x" }, 'data.it\'s "k"=x'],
  ["a key with braces and commas", { "{a,b}": "x" }, "data.{a,b}=x"],
  ["a key with a backslash", { "a\\": "x" }, "data.a\\=x"],
  ["a key beyond the basic plane", { "😀": "ü" }, "data.😀=ü"],
])("%s in data is found", async (what, data, filter) => {
  const name = `data ${what}`;
  await track(name, [{ data }, { data: { k: "another", 'it\'s "k"': 1, "{a,b}": 1, "a\\": 1, "😀": 1 } }]);
  expect(await found(name, filter)).toBe(1);
});

test("a text has no keys", async () => {
  await track("keyless", [{ data: { k: "x" } }, { data: { k: { l: "y" } } }]);
  expect(await found("keyless", "data.k.l=")).toBe(1);
});

test("no text of a request becomes a part of the statement", async () => {
  const name = "injected";
  const attempts = ["'; drop table ingest.events; --", "x' or '1'='1", "\"}'::text[] or true --", "$1", "\\'", "%"];
  await track(
    name,
    attempts.map((attempt) => ({ personId: attempt, data: { k: attempt, [attempt.replaceAll(/[.=]/g, "")]: "v" } })),
  );
  for (const attempt of attempts) {
    expect(await found(name, `person_id=${attempt}`)).toBe(1);
    expect(await found(name, `data.k=${attempt}`)).toBe(1);
    expect(await found(name, `data.${attempt.replaceAll(/[.=]/g, "")}=v`)).toBe(1);
    expect(await groupsOf(name, `data.${attempt.replaceAll(".", "")}`)).not.toEqual([]);
  }
  expect(await groupsOf(name, "data.k", { top: 100 })).toHaveLength(attempts.length);
});

const hosts = (...counts: [host: string | undefined, count: number][]) =>
  counts.flatMap(([host, count]) =>
    Array.from({ length: count }, () => (host === undefined ? {} : { data: { host } })),
  );

test("the groups with most stand by themselves, and the rest together", async () => {
  await track("top", hosts(["c", 3], ["a", 1], [undefined, 2], ["d", 4], ["b", 1]));
  expect(await groupsOf("top", "data.host", { top: 2 })).toEqual([
    ["d", 4],
    ["c", 3],
    ["(other)", 4],
  ]);
  expect(await groupsOf("top", "data.host", { top: 3 })).toEqual([
    ["d", 4],
    ["c", 3],
    ["(none)", 2],
    ["(other)", 2],
  ]);
  expect(await groupsOf("top", "data.host", { top: 5 })).toEqual([
    ["d", 4],
    ["c", 3],
    ["(none)", 2],
    ["a", 1],
    ["b", 1],
  ]);
});

test("10 groups stand by themselves by default, those of a tie by their text", async () => {
  const texts = ["Z", "a", "é", "10", "9", "b", "c", "d", "e", "f", "g", "h"];
  await track("ties", [...hosts(...texts.map((text): [string, number] => [text, 1])), {}]);
  const groups = (await groupsOf("ties", "data.host")).map(([group]) => group);
  expect(groups).toEqual(["10", "9", "Z", "a", "b", "c", "d", "e", "f", "g", "(other)"]);
});

test("groups are ranked by the first type over the whole window, those without a value last", async () => {
  await track("ranked", [
    { time: "2026-01-01T01:00:00Z", category: "early", value: 10 },
    { time: "2026-01-02T01:00:00Z", category: "early", value: 1 },
    { time: "2026-01-02T01:00:00Z", category: "late", value: 5 },
    { time: "2026-01-02T01:00:00Z", category: "empty" },
    { time: "2026-01-02T01:00:00Z", category: "empty" },
    { time: "2026-01-02T01:00:00Z", category: "empty" },
    { time: "2026-01-02T01:00:00Z", category: "negative", value: -5 },
  ]);
  const byDay = (asked: Asked) => groupsOf("ranked", "category", asked);
  expect(await byDay({ aggregationType: SUM })).toEqual([
    ["early", 10],
    ["early", 1],
    ["late", 5],
    ["negative", -5],
    ["empty", undefined],
  ]);
  expect(await byDay({ aggregationType: SUM, top: 1 })).toEqual([
    ["early", 10],
    ["early", 1],
    ["(other)", 0],
  ]);
  expect((await byDay({ aggregationType: COUNT, top: 1 })).map(([group]) => group)).toEqual([
    "(other)",
    "empty",
    "(other)",
  ]);
  expect((await byDay({ aggregationType: AVG, top: 2 })).map(([group]) => group)).toEqual([
    "early",
    "early",
    "late",
    "(other)",
  ]);
  expect((await byDay({ aggregationType: RATE, top: 1, aggregationTypes: [MIN] }))[1]).toEqual(["empty", 3 / 86_400]);
});

test("what the other groups have is made of their events at once", async () => {
  await track("others", [
    ...Array.from({ length: 9 }, () => ({ category: "first", personId: "zoe", value: 1000 })),
    ...["a", "b", "c"].flatMap((category, index) => [
      { category, personId: "ann", sessionId: "s1", value: index },
      { category, personId: `only ${category}`, sessionId: `s${index}`, value: 100 * index },
    ]),
  ]);
  const aggregationTypes = [DISTINCT_PERSONS, DISTINCT_SESSIONS, P50, P99, SUM];
  const rows = await rowsOf("others", { groupBy: "category", top: 1, aggregationTypes });
  expect(rows.map(({ group, other, values }) => [group, other, values.map(({ value }) => value)])).toEqual([
    ["first", false, [9, 1, 0, 1000, 1000, 9000]],
    [undefined, true, [6, 4, 3, 1, 200, 303]],
  ]);
});

test("percentiles are the nearest rank, and need a value", async () => {
  await track("percentiles", [
    ...Array.from({ length: 20 }, (_, index) => ({ value: (index * 7) % 20 })),
    { time: "2026-01-02T00:00:00Z", value: 5 },
    { time: "2026-01-03T00:00:00Z" },
  ]);
  const types = { aggregationType: P50, aggregationTypes: [P75, P90, P95, P99] };
  const values = (await rowsOf("percentiles", types)).map((row) => row.values.map(({ value }) => value));
  expect(values).toEqual([
    [9, 14, 17, 18, 19],
    [5, 5, 5, 5, 5],
    [undefined, undefined, undefined, undefined, undefined],
  ]);
});

test("persons and sessions are counted once in each bucket", async () => {
  await track("distinct", [
    { time: "2026-01-01T10:10:00Z", personId: "ann", sessionId: "s1" },
    { time: "2026-01-01T10:20:00Z", personId: "ann", sessionId: "s2" },
    { time: "2026-01-01T10:30:00Z", personId: "bob" },
    { time: "2026-01-01T11:00:00Z", personId: "ann" },
    { time: "2026-01-01T11:30:00Z" },
  ]);
  const types = { aggregationType: DISTINCT_PERSONS, aggregationTypes: [DISTINCT_SESSIONS] };
  const values = async (granularity: Granularity) =>
    (await rowsOf("distinct", { granularity, ...types })).map((row) => row.values.map(({ value }) => value));
  expect(await values(HOUR)).toEqual([
    [2, 2],
    [1, 0],
  ]);
  expect(await values(DAY)).toEqual([[2, 2]]);
});

test.each([
  [SECOND, ["10:00:00.000", "10:00:01.000", "10:01:00.000"], [2, 1, 1]],
  [MINUTE, ["10:00:00.000", "10:01:00.000"], [3, 1]],
  [NONE, ["10:00:00.000", "10:00:00.900", "10:00:01.000", "10:01:00.000"], [1, 1, 1, 1]],
])("granularity %s groups, too", async (granularity, starts, counts) => {
  const name = `fine ${granularity}`;
  const times = ["10:00:00Z", "10:00:00.9Z", "10:00:01Z", "10:01:00Z"];
  await track(
    name,
    times.map((time) => ({ time: `2026-01-01T${time}`, category: "c" })),
  );
  const rows = await rowsOf(name, { granularity, groupBy: "category" });
  const start = (row: (typeof rows)[number]) =>
    new Date(Number(row.bucketStart!.seconds) * 1000 + row.bucketStart!.nanos / 1e6);
  expect(rows.map((row) => start(row).toISOString().slice(11, -1))).toEqual(starts);
  expect(rows.map(({ count, group }) => [Number(count), group])).toEqual(counts.map((count) => [count, "c"]));
});

test("a bucket has rows for the groups in it alone", async () => {
  await track("absent", [
    { time: "2026-01-01T10:00:00Z", category: "a" },
    { time: "2026-01-02T10:00:00Z", category: "b" },
    { time: "2026-01-02T10:00:00Z", category: "b" },
    { time: "2026-01-02T10:00:00Z", category: "c" },
  ]);
  expect(await groupsOf("absent", "category", { top: 1 })).toEqual([
    ["(other)", 1],
    ["b", 2],
    ["(other)", 1],
  ]);
});

test.each([
  [GapFill.NULL, undefined, undefined, undefined],
  [GapFill.PREVIOUS, 5, undefined, 2],
  [GapFill.ZERO, 0, 0, 0],
])("gap fill %s fills the gaps of each group", async (gapFill, top, none, other) => {
  const name = `gaps ${gapFill}`;
  await track(name, [
    { time: "2026-01-01T10:00:00Z", category: "top", value: 5 },
    { time: "2026-01-01T10:00:00Z", category: "x", value: 2 },
    { time: "2026-01-03T10:00:00Z", category: "top", value: 7 },
    { time: "2026-01-03T10:00:00Z", value: 6 },
  ]);
  const asked = { gapFill, groupBy: "category", aggregationType: MAX, top: 2, aggregationTypes: [DISTINCT_PERSONS] };
  const rows = await rowsOf(name, asked);
  const group = (row: (typeof rows)[number]) => (row.other ? "(other)" : (row.group ?? "(none)"));
  expect(
    rows.map((row) => [new Date(Number(row.bucketStart!.seconds) * 1000).getUTCDate(), group(row), row.value]),
  ).toEqual([
    [1, "top", 5],
    [1, "(none)", none],
    [1, "(other)", 2],
    [2, "top", top],
    [2, "(none)", none],
    [2, "(other)", other],
    [3, "top", 7],
    [3, "(none)", 6],
    [3, "(other)", other],
  ]);
  expect(rows.map(({ count }) => Number(count))).toEqual([1, 0, 1, 0, 0, 0, 1, 1, 0]);
  expect(rows.map(({ aggregatedTimestamp }) => aggregatedTimestamp !== undefined)).toEqual(
    rows.map(({ count }) => count > 0),
  );
});

test("where no event is found there are no rows, with groups and gap fill as without", async () => {
  await track("nothing", [{ category: "a" }]);
  const filters = ["category=b"];
  const timeZone = "Europe/Amsterdam";
  const window = { tsMin: at("2026-01-01T00:00:00Z"), tsMax: at("2026-01-05T00:00:00Z") };
  expect(await rowsOf("nothing", { filters, timeZone })).toEqual([]);
  expect(await rowsOf("nothing", { filters, timeZone, groupBy: "category" })).toEqual([]);
  expect(await rowsOf("nothing", { filters, timeZone, gapFill: GapFill.ZERO, ...window })).toEqual([]);
  expect(await rowsOf("nothing", { filters, groupBy: "category", gapFill: GapFill.ZERO, ...window })).toEqual([]);
});

test("groups and filters hold to the window and the time zone", async () => {
  await track("windowed", [
    { time: "2026-06-01T21:59:59.999Z", category: "a" },
    { time: "2026-06-01T22:00:00Z", category: "a" },
    { time: "2026-06-02T10:00:00Z", category: "a" },
  ]);
  const asked = { timeZone: "Europe/Amsterdam", groupBy: "category", filters: ["category=a"] };
  const counts = async (more: Asked = {}) =>
    (await rowsOf("windowed", { ...asked, ...more })).map(({ count }) => Number(count));
  expect(await counts()).toEqual([1, 2]);
  expect(await counts({ tsMin: at("2026-06-01T22:00:00Z"), tsMax: at("2026-06-02T09:59:59.999Z") })).toEqual([1]);
});

test("the ranking of sums beyond a double holds up nothing", async () => {
  await track("huge", [
    { time: "2026-01-01T00:00:00Z", category: "a", value: 1.7e308 },
    { time: "2026-01-02T00:00:00Z", category: "a", value: 1.7e308 },
    { time: "2026-01-01T00:00:00Z", category: "b", value: 1 },
  ]);
  expect(await groupsOf("huge", "category", { aggregationType: SUM })).toEqual([
    ["a", 1.7e308],
    ["b", 1],
    ["a", 1.7e308],
  ]);
  const byYear = rowsOf("huge", { groupBy: "category", aggregationType: SUM, granularity: Granularity.YEAR });
  expect(await errorOf(byYear)).toMatchObject({ code: status.OUT_OF_RANGE, reason: "VALUE_OUT_OF_RANGE" });
});

test("a query that would read more events than are read at once is refused, however they are materialised", async () => {
  const name = "many";
  const times = Array.from({ length: 101 }, (_, index) => new Date(Date.UTC(2026, 0, 1, index)).toISOString());
  await track(
    name,
    times.map((time) => ({ time, category: "c" })),
  );
  const refused = async (asked: Asked) => {
    const error = await errorOf(rowsOf(name, asked));
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: "SCAN_TOO_LARGE" });
    expect(error.message).toMatch(/read from 101 events, and at most 100 .* narrow ts_min and ts_max/);
  };
  const scans: Asked[] = [
    { groupBy: "category" },
    { filters: ["category=none"] },
    { aggregationType: DISTINCT_PERSONS },
    { granularity: MINUTE },
    { granularity: SECOND },
    { granularity: NONE },
  ];
  for (const asked of scans) await refused(asked);
  await untilMaterialised(name);
  for (const asked of scans) {
    await refused(asked);
    const tsMin = at(times[1]!);
    const rows = await rowsOf(name, { ...asked, tsMin });
    const expected = asked.filters ? 0 : 100;
    expect(rows.reduce((sum, { count }) => sum + Number(count), 0)).toBe(expected);
  }
  expect(await rowsOf(name, { aggregationType: MAX })).toHaveLength(5);
});

test.each<[string[], Asked]>([
  [["filters[0]"], { filters: ["host=web-1"] }],
  [["filters[1]", "filters[2]"], { filters: ["category=a", "category", "data.a..b=c"] }],
  [["filters"], { filters: Array(11).fill("category=a") }],
  [["filters[0]"], { filters: ["data.k=\0"] }],
  [["group_by"], { groupBy: "value" }],
  [["group_by"], { groupBy: "data" }],
  [["group_by"], { groupBy: "data.\0" }],
  [["top"], { groupBy: "category", top: -1 }],
  [["top"], { groupBy: "category", top: 101 }],
  [["top"], { top: 3 }],
  [["granularity", "filters[0]", "group_by", "top"], { granularity: 0, filters: [""], groupBy: "x", top: 101 }],
])("a bad query is refused for its %s", async (fields, asked) => {
  const error = await errorOf(rowsOf("bad", asked));
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: "INVALID_REQUEST" });
  expect(error.fields).toEqual(fields);
});

test("events that are no longer kept are not counted as if there were none", async () => {
  const name = "expired";
  await track(name, [
    { time: "2020-01-31T23:50:00Z", category: "c" },
    { time: "2020-02-01T00:00:00Z", category: "c" },
  ]);
  await untilMaterialised(name);
  // Ingest does not go back behind what it once read: long before the events of the other tests.
  await bed.query("update ingest.kept_from set at = '2020-02-01 00:00Z'");
  try {
    const error = await errorOf(rowsOf(name, { groupBy: "category" }));
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: "EVENTS_NOT_KEPT", fields: ["ts_min"] });
    expect(error.message).toContain("2020-02-01T00:00:00.000000Z");
    expect(await groupsOf(name, "category", { tsMin: at("2020-02-01T00:00:00Z") })).toEqual([["c", 1]]);
    expect(await found(name, "category=c").catch(() => "refused")).toBe("refused");
    await track("younger", [{ time: "2020-02-01T00:00:00Z", category: "c" }]);
    await untilMaterialised("younger");
    expect(await groupsOf("younger", "category")).toEqual([["c", 1]]);
  } finally {
    await bed.query("update ingest.kept_from set at = '-infinity'");
  }
});

test("an answer with long groups stays below the limit of a message", async () => {
  const k = "x".repeat(30_000);
  const times = Array.from({ length: 90 }, (_, second) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString());
  await track(
    "long",
    times.map((time) => ({ time, data: { k } })),
  );
  const error = await errorOf(
    rowsOf("long", {
      granularity: SECOND,
      groupBy: "data.k",
      gapFill: GapFill.ZERO,
      tsMin: at("2026-01-01T00:00:00Z"),
      tsMax: at("2026-01-01T00:05:00Z"),
    }),
  );
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: "RESULT_TOO_LARGE" });
  expect(await rowsOf("long", { granularity: SECOND, groupBy: "data.k" })).toHaveLength(90);
});

test("a breakdown is answered over REST", async () => {
  await track("rest", hosts(["web-1", 2], ["web-2", 1], ["web=3", 1]));
  const answer = async (query: string) => {
    const response = await fetch(`${bed.url}/v1/aggregates/shop/rest?granularity=day&aggregationType=count&${query}`);
    // biome-ignore lint/suspicious/noExplicitAny: what a gateway answered is looked at as any client would
    return { status: response.status, json: (await response.json()) as any };
  };
  const both = await answer("filters=data.host=web-1&filters=data.host%3Dweb%3D3&groupBy=data.host&top=1");
  expect(both.json.rows).toMatchObject([
    { group: "web-1", value: 2, count: "2" },
    { other: true, value: 1 },
  ]);
  expect((await answer("filters=data.host=web-1&groupBy=data.host&top=3")).json.rows).toMatchObject([
    { group: "web-1", value: 2 },
  ]);
  const refused = await answer("filters=data.host&group_by=host&top=-3");
  expect(refused.status).toBe(400);
  expect(refused.json.message).toMatch(
    /^filters\[0\]: must be field=value.*; group_by: must name .*; top: must be 1 to 100/,
  );
});
