import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { AggregationType, Granularity } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { type Micros, microsOfSql, nowMicros } from "@ocellus/runtime/time.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";
import { AskedSeries, type Services, servicesOf } from "./oracle/asked-series.ts";
import type { Unit } from "./oracle/calendar-by-temporal.ts";
import { actualAnswers, expectedAnswers, expectSame } from "./oracle/expect-answers.ts";
import { holdUpMaterialising } from "./oracle/hold-up.ts";
import { ALL, type Question, type Type } from "./oracle/plain-question.ts";

let bed: TestBed;
let services: Services;
let series: AskedSeries;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "aggregation"], { MATERIALISE_EVERY: "50ms" });
  services = servicesOf(bed);
});
beforeEach(() => {
  series = new AskedSeries(bed, services);
});
afterAll(() => bed.stop());

const MINUTE: Micros = 60_000_000n;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;
const at = microsOfSql;
const name = "levels";
const TYPES: Type[] = ["count", "sum", "min", "max", "avg", "rate", "p50", "p99"];

/** Events at times that fall into all parts of hours and days. */
const eventsFrom = (start: Micros, end: Micros, step: Micros) =>
  Array.from({ length: Number((end - start) / step) }, (_, index) => ({
    name,
    at: start + BigInt(index) * step,
    value: index % 7 === 3 ? undefined : (index % 13) / 10,
  }));

async function expectTrueAnswers(questions: Question[]) {
  expectSame(await actualAnswers(series, name, questions), expectedAnswers(series, name, questions));
}

/** The time at which each zone's clock is changed, and a window around it that cuts through buckets at both ends. */
const ZONES: [zone: string, change: string][] = [
  ["Europe/Amsterdam", "2025-10-26T01:00:00Z"],
  ["Europe/Amsterdam", "2025-03-30T01:00:00Z"],
  ["Australia/Lord_Howe", "2025-04-05T15:00:00Z"],
  ["Australia/Lord_Howe", "2025-10-04T15:30:00Z"],
  ["Asia/Kolkata", "2025-12-31T18:30:00Z"],
];
const LONG: Unit[] = ["hour", "day", "week", "month", "quarter", "year"];

test.each(ZONES)("all granularities are true to the clock of %s around %s, whatever is dirty", async (zone, change) => {
  const middle = at(change);
  const short = [...eventsFrom(middle - 20n * MINUTE, middle + 20n * MINUTE, 7n * 1_000_001n)];
  const events = [...eventsFrom(middle - 45n * DAY, middle + 45n * DAY, 7n * HOUR + 1_234_567n), ...short];
  await series.track(events.slice(0, -100));
  await series.untilCounted();
  await series.untilClean();
  const windows = [
    { min: undefined, max: undefined },
    { min: middle - 40n * DAY - 1n, max: middle + 3n * HOUR + 7n * MINUTE },
    { min: middle - 7n * MINUTE, max: middle + 7n * MINUTE },
    { min: middle, max: undefined },
    { min: undefined, max: middle - 1n },
  ];
  const long = windows.flatMap((window) => LONG.map((unit) => ({ ...ALL, ...window, unit, zone, types: TYPES })));
  const near = { min: middle - 7n * MINUTE, max: middle + 7n * MINUTE };
  const shorter = (["none", "second", "minute"] as const).map((unit) => {
    return { ...ALL, ...near, unit, zone, types: TYPES.filter((type) => unit !== "none" || type !== "rate") };
  });
  const questions = [...long, ...shorter];
  await expectTrueAnswers(questions);

  const release = await holdUpMaterialising(bed);
  try {
    await series.track(events.slice(-100));
    await series.untilCounted();
    await expectTrueAnswers(questions);
  } finally {
    await release();
  }
});

test("an answer reads events for dirty quarters of an hour alone, and rollups for the rest", async () => {
  const start = at("2026-01-05T00:00:00Z");
  await series.track(eventsFrom(start, start + 4n * DAY, 10n * MINUTE));
  await series.untilCounted();
  await series.untilClean();
  const release = await holdUpMaterialising(bed);
  try {
    // What each level says, where it is asked: a day more than the hours in it, an hour more than its quarters.
    const { namespace } = series;
    const more = [
      ["days", 1_000_000],
      ["hours", 1000],
      ["quarters", 1],
    ] as const;
    for (const [table, by] of more) {
      await bed.query(`update aggregation.${table} set count = count + $2 where namespace = $1`, [namespace, by]);
    }
    await bed.query(
      `insert into aggregation.dirty_buckets values ($1, $2, '2026-01-06T10:15:00Z'), ($1, $2, '2026-01-06T22:45:00Z')`,
      [namespace, name],
    );
    const { rows } = await services.aggregation.queryAggregates({
      namespace,
      name,
      granularity: Granularity.YEAR,
      aggregationType: AggregationType.COUNT,
      tsMin: { seconds: (start + 5n * MINUTE) / 1_000_000n, nanos: 0 },
    });
    // The 5th, whose first quarter is cut: 23 hours and 3 quarters. The 6th: 22 hours, 6 quarters. Two whole days.
    expect(rows[0]?.count).toBe(575n + 23_000n + 3n + 22_000n + 6n + 2_000_000n);
  } finally {
    await release();
  }
});

test("gaps are filled between the ends of the window, or else of the events", async () => {
  await series.track([
    { name, at: at("2025-10-24T12:00:00Z"), value: 1 },
    { name, at: at("2025-10-27T12:00:00Z"), value: 3 },
  ]);
  await series.untilCounted();
  const windows = [
    { min: undefined, max: undefined },
    { min: at("2025-10-20T00:07:00Z"), max: at("2025-11-02T00:00:00Z") },
  ];
  const minutes = { min: at("2025-10-24T11:50:07Z"), max: at("2025-10-24T12:03:00Z"), unit: "minute" as const };
  const all = [...windows.flatMap((window) => LONG.map((unit) => ({ ...window, unit }))), minutes];
  const types: Type[] = ["avg", "rate", "p50"];
  for (const zone of ["UTC", "Europe/Amsterdam", "Australia/Lord_Howe", "Asia/Kolkata"]) {
    for (const fill of ["null", "previous", "zero"] as const) {
      await expectTrueAnswers(all.map((question) => ({ ...ALL, ...question, zone, fill, types })));
    }
  }
});

test("counts and sums by the day are those of a scan where days of UTC are split", async () => {
  const start = at("2025-03-25T00:00:00Z");
  await series.track([
    ...eventsFrom(start, start + 8n * DAY, 97n * MINUTE),
    { name, at: start + 9n * DAY + 30n * MINUTE },
    { name, at: start + 10n * DAY + 23n * HOUR },
  ]);
  await series.untilCounted();
  await series.untilClean();
  const windows = [
    { min: undefined, max: undefined },
    { min: start + 7n * MINUTE, max: start + 3n * DAY - 1n },
  ];
  const zones = ["Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Apia"];
  const types: Type[] = ["avg", "sum", "count", "rate"];
  await expectTrueAnswers(
    windows.flatMap((window) =>
      zones.flatMap((zone) => (["day", "month"] as const).map((unit) => ({ ...ALL, ...window, zone, unit, types }))),
    ),
  );
});

test("what is newer than the frontier counts as soon as it is stored", async () => {
  const now = nowMicros();
  await series.track(eventsFrom(now - 3n * HOUR, now, 5n * MINUTE));
  await series.untilCounted();
  await expectTrueAnswers([
    { ...ALL, unit: "hour", types: TYPES },
    { ...ALL, unit: "day", zone: "Asia/Kolkata", types: TYPES, min: now - 2n * HOUR },
    { ...ALL, unit: "year", types: TYPES, max: now - 7n * MINUTE },
  ]);
});
