import { expect } from "@jest/globals";
import type { RebuildAggregatesResponse } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { microsOfSql } from "@ocellus/runtime/time.ts";
import type { TestBed } from "../../../../test/support/test-bed.ts";
import { AskedSeries, type Services } from "./asked-series.ts";
import { actualAnswers, expectedAnswers, expectSame } from "./expect-answers.ts";
import { ALL } from "./plain-question.ts";

export type RebuildRequest = Parameters<Services["aggregation"]["rebuildAggregates"]>[0];

/** Rebuilds a range to its end, and answers how many quarters of an hour it had and all differences. */
export async function rebuildWhole({ aggregation }: Services, request: RebuildRequest) {
  const answers: RebuildAggregatesResponse[] = [];
  for await (const answer of aggregation.rebuildAggregates(request)) answers.push(answer);
  const last = answers.at(-1)!;
  expect(last.done).toBe(true);
  const differences = answers.flatMap((answer) => answer.differences);
  expect(Number(last.differentBuckets)).toBe(differences.length);
  return { rebuilt: Number(last.rebuiltBuckets), differences };
}

export const event = (name: string, time: string, value?: number) => ({ name, at: microsOfSql(time), value });

/** Two series of four quarters of an hour that are clean. */
export async function trackCleanSeries(bed: TestBed, services: Services): Promise<AskedSeries> {
  const series = new AskedSeries(bed, services);
  await series.track([
    event("a", "2026-01-01T10:00:00Z", 0.1),
    event("a", "2026-01-01T10:01:00Z", 0.2),
    event("a", "2026-01-01T10:20:00Z"),
    event("a", "2026-01-02T00:00:00Z", 7),
    event("b", "2026-01-01T10:00:00Z", 1),
    event("b", new Date().toISOString(), 1),
  ]);
  await series.untilCounted();
  await series.untilClean();
  return series;
}

/** Expects that both series are answered by day and by hour as a scan of their events answers them. */
export async function expectExact(series: AskedSeries): Promise<void> {
  for (const name of ["a", "b"]) {
    for (const unit of ["day", "hour"] as const) {
      const questions = [{ ...ALL, types: ["count" as const, "sum" as const], unit }];
      expectSame(await actualAnswers(series, name, questions), expectedAnswers(series, name, questions));
    }
  }
}
