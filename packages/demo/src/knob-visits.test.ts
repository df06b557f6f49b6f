import { expect, test } from "@jest/globals";
import { eventsOf, knobVisits, visitsUntil } from "./knob-visits.ts";

const NOON = new Date("2026-03-01T12:10:00Z");

const shown = (now: string) =>
  visitsUntil(new Date(now), knobVisits(new Date(now))).map(({ hits }) => ({
    from: new Date(hits.at(0)!).toISOString().slice(5, 16),
    to: new Date(hits.at(-1)!).toISOString().slice(5, 16),
    count: hits.length,
  }));

test("yesterday has four visits from noon, one in the evening and one on past midnight; today has four", () => {
  const visits = shown("2026-03-01T23:59:00Z");
  expect(visits.map(({ from }) => from)).toEqual([
    ...Array(4).fill("02-28T12:00"),
    "02-28T22:00",
    "02-28T23:00",
    ...Array(4).fill("03-01T00:00"),
  ]);
  expect(visits[4]).toMatchObject({ to: "02-28T23:00", count: 3 });
  expect(visits[5]).toMatchObject({ to: "03-01T00:30", count: 4 });
  for (const { count } of [...visits.slice(0, 4), ...visits.slice(6)]) {
    expect(count).toBeGreaterThanOrEqual(5);
    expect(count).toBeLessThanOrEqual(17);
  }
});

test("each has another visitor, and its hits are half an hour apart", () => {
  const visits = knobVisits(NOON);
  expect(new Set(visits.map(({ visitor }) => visitor)).size).toBe(10);
  for (const { hits } of visits) {
    expect(new Set(hits.slice(1).map((time, i) => time - hits[i]!))).toEqual(new Set([30 * 60_000]));
  }
});

test.each([
  ["2026-03-01T00:00:00.000Z", 3, [1, 1, 1, 1]],
  ["2026-03-01T00:01:00.000Z", 3, [1, 1, 1, 1]],
  ["2026-03-01T00:29:59.999Z", 3, [1, 1, 1, 1]],
  ["2026-03-01T00:30:00.000Z", 4, [2, 2, 2, 2]],
  ["2026-03-01T01:59:00.000Z", 4, [4, 4, 4, 4]],
])("at %s the visit past midnight has %d hits and today's have %j: none lies in the future", (now, midnight, today) => {
  const counts = shown(now).map(({ count }) => count);
  expect(counts[5]).toBe(midnight);
  expect(counts.slice(6)).toEqual(today);
});

test("yesterday's visits that end before midnight are whole at any time of today", () => {
  expect(shown("2026-03-01T00:00:00Z").slice(0, 5)).toEqual(shown("2026-03-01T23:59:59Z").slice(0, 5));
});

test("the same days have the same events, other days have others, and no id comes twice", () => {
  const idsAt = (now: string) =>
    knobVisits(new Date(now))
      .flatMap(eventsOf)
      .map(({ id }) => id!);
  const ids = idsAt("2026-03-01T00:00:00Z");
  expect(idsAt("2026-03-01T23:59:59Z")).toEqual(ids);
  expect(new Set([...ids, ...idsAt("2026-03-02T00:00:00Z")]).size).toBe(
    ids.length + idsAt("2026-03-02T00:00:00Z").length,
  );
});

test("a hit is a pageview with the page, where it came from, and the visitor's timezone", () => {
  const [first, second] = eventsOf(knobVisits(NOON)[0]!);
  expect(first).toMatchObject({ namespace: "bobs-door-knobs", name: "pageview", personId: "visitor1" });
  expect(Object.keys(first!.data!)).toEqual(["url", "referrer_url", "timezone_offset"]);
  expect(second!.data!.referrer_url).toBe(first!.data!.url);
});
