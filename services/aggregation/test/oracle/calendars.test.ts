import { afterAll, beforeAll, test } from "@jest/globals";
import { type Micros, microsOfSql } from "@ocellus/runtime/time.ts";
import { startTestBed, type TestBed } from "../../../../test/support/test-bed.ts";
import { AskedSeries, type Services, servicesOf } from "./asked-series.ts";
import type { Unit } from "./calendar-by-temporal.ts";
import { actualAnswers, expectedAnswers, expectSame } from "./expect-answers.ts";
import { holdUpMaterialising } from "./hold-up.ts";
import { PLACES } from "./places.ts";
import { ALL, type Question } from "./plain-question.ts";

let bed: TestBed;
let services: Services;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "aggregation"], { MATERIALISE_EVERY: "50ms" });
  services = servicesOf(bed);
});
afterAll(() => bed.stop());

const MINUTE: Micros = 60_000_000n;
const UNITS: Unit[] = ["minute", "hour", "day", "week", "month", "quarter", "year"];
const FILLS: Question["fill"][] = ["none", "null"];

/** Events every 25 minutes for three days around a time, and at the edges of each quarter of an hour close to it. */
function eventsAround(time: Micros) {
  const steady = Array.from({ length: 172 }, (_, index) => time + BigInt(index - 86) * 25n * MINUTE);
  const quarters = Array.from({ length: 17 }, (_, index) => time + BigInt(index - 8) * 15n * MINUTE);
  const edges = quarters.flatMap((edge) => [edge - 1n, edge]);
  return [...steady, ...edges].map((at, index) => ({ name: "asked", at, value: index / 10 }));
}

test.each(PLACES.flatMap(([zone, ...times]) => times.map((time) => [zone, time] as const)))(
  "in %s around %s buckets of every length are those of the calendar, dirty or clean",
  async (zone, time) => {
    const series = new AskedSeries(bed, services);
    const around = microsOfSql(time);
    const window = { min: around - 30n * 60n * MINUTE, max: around + 29n * 60n * MINUTE + 7n };
    const types: Question["types"] = ["count", "sum", "rate"];
    const questions = UNITS.flatMap((unit) =>
      (unit === "minute" ? FILLS.slice(0, 1) : FILLS).flatMap((fill) => [
        { ...ALL, zone, unit, types, fill },
        { ...ALL, zone, unit, types, fill, ...window },
      ]),
    );
    const release = await holdUpMaterialising(bed);
    try {
      await series.track(eventsAround(around));
      await series.untilCounted();
      const expected = expectedAnswers(series, "asked", questions);
      expectSame(await actualAnswers(series, "asked", questions), expected);
      await release();
      await series.untilClean();
      expectSame(await actualAnswers(series, "asked", questions), expected);
    } finally {
      await release();
    }
  },
);
