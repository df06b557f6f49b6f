import { expect, test } from "@jest/globals";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { benchAggregates } from "./bench-aggregates.ts";
import { figuresOf } from "./figures.ts";
import { reportOf } from "./report.ts";
import { DAY_MS, DENSE, lastYear, seriesLines, YEARLONG } from "./series-lines.ts";

const COUNT = 10_000;

test("the events are the same each time, each has an id of its own, and two series have a tenth each", () => {
  const span = lastYear(Date.UTC(2026, 10, 21, 12));
  const lines = [...seriesLines(COUNT, span)];
  expect([...seriesLines(COUNT, span)].join("")).toBe(lines.join(""));
  const events = lines.map((line) => line.trimEnd().split("\t"));
  expect(new Set(events.map(([id]) => id)).size).toBe(COUNT);
  const timesOf = (series: string) => events.flatMap(([, time, , name]) => (name === series ? Date.parse(time!) : []));
  for (const [series, days] of [
    [YEARLONG, 365],
    [DENSE, 30],
  ] as const) {
    const times = timesOf(series);
    expect(times).toHaveLength(COUNT / 10);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(span.end - days * DAY_MS);
    expect(Math.max(...times)).toBeLessThan(span.end);
    expect(new Set(times.map((time) => Math.floor(time / DAY_MS))).size).toBe(days);
  }
});

test.each([
  ["2026-11-21T00:59:59Z", "2026-11-20T00:00:00Z"],
  ["2026-11-21T01:00:00Z", "2026-11-21T00:00:00Z"],
])("at %s the year ends at %s", (now, end) => {
  expect(lastYear(Date.parse(now)).end).toBe(Date.parse(end));
});

test("a small run measures everything, finds each answer to be that of a full scan, and loads nothing twice", async () => {
  using folder = temporaryFolder();
  const said: string[] = [];
  const options = {
    events: 2000,
    repeats: 2,
    rounds: 1,
    late: { series: 3, mixed: true, checkEveryMs: 5000 },
    dataDir: folder.path,
    materialiseEvery: "200ms",
    say: (line: string) => said.push(line),
  };
  const { results, plans } = await benchAggregates({ ...options, only: () => true });
  const { queries = [], growth = [], lateEvents, keepingUp } = results;
  expect(queries.map(({ query, events }) => [query.name, events])).toContainEqual([DENSE, 200]);
  expect(queries.map(({ query, events }) => [query.name, events])).toContainEqual([YEARLONG, 200]);
  expect(growth.map(({ query }) => query.title)).toEqual(queries.map(({ query }) => query.title));
  expect(lateEvents).toMatchObject({ events: 200, series: 3, wrong: [] });
  expect(lateEvents!.checks).toBeGreaterThan(3);
  expect(lateEvents!.materialised).toBeGreaterThanOrEqual(lateEvents!.marked);
  expect(keepingUp!.map(({ running, stopped }) => [running.length, stopped.length])).toEqual([
    [1, 1],
    [1, 1],
  ]);
  // Over so few events no query is fifty times as fast.
  expect(plans).toMatch(
    /^## 30 days by hour, avg\n(?:.|\n)*aggregation(?:.|\n)*actual time(?:.|\n)*, over the events\nselect/,
  );
  expect(figuresOf(results).every(({ value }) => Number.isFinite(value))).toBe(true);
  expect(reportOf(results, 2000)).toContain("late events: accepted, stored, marked and materialised, s");

  const again = await benchAggregates({ ...options, only: (title) => title === "queries" });
  expect(again.results.queries!.map(({ events }) => events)).toEqual(queries.map(({ events }) => events));
  expect(said.filter((line) => line.startsWith("loaded"))).toEqual([
    expect.stringContaining("2000 events"),
    expect.stringContaining("200 events"),
  ]);
});
