import type { MessageInitShape } from "@bufbuild/protobuf";
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
import { microsOfSql, timestampOf } from "@ocellus/runtime/time.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let aggregation: ServiceClient<typeof AggregationService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "aggregation"]);
  aggregation = bed.client("aggregation", AggregationService);
});
afterAll(() => bed.stop());

const { NONE, SECOND, MINUTE, HOUR, DAY } = Granularity;
const { COUNT, SUM, RATE } = AggregationType;
type Asked = MessageInitShape<typeof QueryAggregatesRequestSchema>;

/** No value of any enum. */
const UNKNOWN = 99 as never;
const at = (time: string) => timestampOf(microsOfSql(time));
const ask = (asked: Asked) =>
  aggregation.queryAggregates({
    namespace: "bad",
    name: "queries",
    granularity: DAY,
    aggregationType: COUNT,
    ...asked,
  });

test.each<[string, Asked, string]>([
  [
    "an unknown granularity",
    { granularity: UNKNOWN },
    "granularity: must be none, second, minute, hour, day, week, month, quarter or year",
  ],
  [
    "an unknown type",
    { aggregationType: UNKNOWN },
    "aggregation_type: must be one of count, sum, min, max, avg, rate, p50",
  ],
  ["an unknown type among others", { aggregationTypes: [SUM, UNKNOWN] }, "aggregation_types: must be one of count"],
  ["no type at all", { aggregationType: 0 }, "aggregation_type: must be one of count"],
  [
    "a type twice",
    { aggregationTypes: [SUM, COUNT] },
    "aggregation_types: must name each type once, and names count twice",
  ],
  [
    "too many types",
    { aggregationTypes: Array(17).fill(SUM) },
    "aggregation_types: must have at most 16 types, and has 17",
  ],
  [
    "a rate of no length",
    { granularity: NONE, aggregationType: RATE },
    "aggregation_type: must not be rate for granularity none",
  ],
  [
    "an unknown zone",
    { timeZone: "Europe/Atlantis" },
    "time_zone: must be the name of an IANA time zone, such as Europe/Amsterdam",
  ],
  ["a zone by its offset", { timeZone: "EST5EDT4" }, "time_zone: must be the name"],
  ["a zone of the machine", { timeZone: "localtime" }, "time_zone: must be the name"],
  ["a zone that is no text to PostgreSQL", { timeZone: "UTC\0" }, "time_zone: must be the name"],
  ["an unknown gap fill", { gapFill: UNKNOWN }, "gap_fill: must be null, previous or zero, or be left out"],
  [
    "gaps where there are no buckets",
    { granularity: NONE, gapFill: GapFill.ZERO },
    "gap_fill: must be left out for granularity none",
  ],
  [
    "a reversed window",
    { tsMin: at("2026-01-01T00:00:01Z"), tsMax: at("2026-01-01T00:00:00Z") },
    "ts_max: must not be before ts_min",
  ],
  [
    "too many buckets",
    { granularity: SECOND, tsMin: at("2026-01-01T00:00:00Z"), tsMax: at("2026-01-02T03:46:40Z") },
    "granularity: must make at most 100000 buckets, and makes 100001; take a coarser one, or narrow ts_min and ts_max",
  ],
])("%s is refused, with what is allowed", async (_, asked, message) => {
  const error = await errorOf(ask(asked));
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: "INVALID_REQUEST" });
  expect(error.fields).toEqual([message.slice(0, message.indexOf(":"))]);
  expect(error.message).toContain(message);
});

test("all that is wrong is told at once", async () => {
  const error = await errorOf(
    ask({
      name: "",
      granularity: 0,
      aggregationType: 0,
      timeZone: "x",
      gapFill: UNKNOWN,
      tsMin: { seconds: 10n ** 15n },
    }),
  );
  expect(error.fields).toEqual(["name", "ts_min", "granularity", "gap_fill", "aggregation_type", "time_zone"]);
});

test("as many buckets as are allowed are answered, and those without an end are counted from the events", async () => {
  const window = { tsMin: at("2026-01-01T00:00:00Z"), tsMax: at("2026-01-02T03:46:39Z") };
  expect((await ask({ granularity: SECOND, ...window })).rows).toEqual([]);

  const name = "far apart";
  const times = ["2026-01-01T00:00:30Z", "2026-03-11T10:39:59Z", "2026-03-11T10:40:00Z"];
  await bed.client("ingest", IngestService).batchTrackEvents({
    events: times.map((time) => ({ namespace: "bad", name, timestamp: at(time) })),
  });
  await eventually(async () => ((await ask({ name })).rows.length === 2 ? true : undefined));
  const filled = { name, granularity: MINUTE, gapFill: GapFill.NULL };
  // One minute fewer is allowed, and answered by more rows than an answer has.
  expect(await errorOf(ask({ ...filled, tsMax: at("2026-03-11T10:39:59Z") }))).toMatchObject({
    reason: "RESULT_TOO_LARGE",
  });
  const error = await errorOf(ask(filled));
  expect(error).toMatchObject({ reason: "INVALID_REQUEST", fields: ["granularity"] });
  expect(error.message).toContain("and makes 100001;");
  expect((await ask({ ...filled, granularity: HOUR })).rows).toHaveLength(1667);
});

test.each([
  ["europe/amsterdam", "2026-06-30T22:00:00.000Z"],
  ["Etc/UTC", "2026-07-01T00:00:00.000Z"],
  ["utc", "2026-07-01T00:00:00.000Z"],
  ["GMT", "2026-07-01T00:00:00.000Z"],
])("a zone is found by any spelling of its name, such as %s", async (timeZone, start) => {
  const name = `zone ${timeZone}`;
  await bed.client("ingest", IngestService).trackEvent({
    event: { namespace: "bad", name, timestamp: at("2026-07-01T12:00:00Z") },
  });
  const [row] = await eventually(async () => {
    const { rows } = await ask({ name, timeZone });
    return rows.length === 1 ? rows : undefined;
  });
  expect(new Date(Number(row!.bucketStart!.seconds) * 1000).toISOString()).toBe(start);
});
