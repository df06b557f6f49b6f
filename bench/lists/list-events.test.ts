import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { eventLines, RARE, TINY } from "./event-lines.ts";
import { benchListEvents } from "./list-events.ts";

const COUNT = 6000;
const rows = () => [...eventLines(COUNT)].map((line) => line.trimEnd().split("\t"));

test("the events are the same each time, in order of time, and each has an id of its own", () => {
  const events = rows();
  expect(rows()).toEqual(events);
  expect(events).toHaveLength(COUNT);
  expect(new Set(events.map(([id]) => id)).size).toBe(COUNT);
  const times = events.map(([, time]) => time!);
  expect(times.toSorted()).toEqual(times);
});

test("what is frequent by itself meets on three events, and what is rare is rare", () => {
  const events = rows();
  const countOf = (wanted: Record<number, string>) =>
    events.filter((event) => Object.entries(wanted).every(([column, value]) => event[Number(column)] === value)).length;
  expect(countOf({ 3: "pageview", 4: "billing" })).toBe(3);
  expect(countOf({ 2: "blog", 4: "server" })).toBe(3);
  expect(countOf({ 2: "blog", 3: "click" })).toBe(3);
  expect(countOf({ 3: RARE })).toBe(50);
  expect(countOf({ 2: TINY })).toBe(500);
  for (const frequent of [{ 2: "shop" }, { 2: "blog" }, { 3: "pageview" }, { 4: "billing" }] as Record<
    number,
    string
  >[])
    expect(countOf(frequent)).toBeGreaterThan(COUNT / 20);
});

test("a small run measures first and far pages, and keeps the plans of their statements", async () => {
  using folder = temporaryFolder();
  const results = join(folder.path, "results");
  const measured = await benchListEvents({
    pageSizes: [50, 1000],
    events: COUNT,
    dataDir: join(folder.path, "suite"),
    results,
    only: (title) => ["namespace=shop", "namespace=absent"].includes(title),
  });
  expect(measured).toMatchObject([
    { filter: "namespace=shop", pageSize: 50, page: 1, events: 50 },
    { filter: "namespace=shop", pageSize: 50, page: expect.any(Number) },
    { filter: "namespace=shop", pageSize: 1000, page: 1, events: 1000 },
    { filter: "namespace=shop", pageSize: 1000, page: expect.any(Number) },
    { filter: "namespace=absent", pageSize: 50, page: 1, events: 0 },
    { filter: "namespace=absent", pageSize: 1000, page: 1, events: 0 },
  ]);
  expect(measured[1]!.page).toBeGreaterThan(50);
  expect(existsSync(join(results, "list-events.json"))).toBe(true);
  const plans = readFileSync(join(results, "list-events-plans.txt"), "utf8");
  expect(plans).toMatch(/namespace=shop, page 1\nselect .*'shop'.*\nLimit /);
});
