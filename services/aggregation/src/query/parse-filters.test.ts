import { expect, test } from "@jest/globals";
import type { Violation } from "@ocellus/runtime/service-error.ts";
import { type Filter, parseFilters } from "./parse-filters.ts";

function parse(...texts: string[]) {
  const violations: Violation[] = [];
  return { filters: parseFilters(texts, violations), violations };
}

const deep = (keys: number) => `data${".k".repeat(keys)}`;

test.each<[string, Filter]>([
  ["category=order", { field: { column: "category" }, values: ["order"], orAbsent: false }],
  ["session_id=a=b", { field: { column: "session_id" }, values: ["a=b"], orAbsent: false }],
  ["person_id=", { field: { column: "person_id" }, values: [], orAbsent: true }],
  ["data.host=web 1", { field: { path: ["host"] }, values: ["web 1"], orAbsent: false }],
  ["data.request.0.st'\"atus=5", { field: { path: ["request", "0", "st'\"atus"] }, values: ["5"], orAbsent: false }],
  ["data.category=x", { field: { path: ["category"] }, values: ["x"], orAbsent: false }],
  [`${deep(10)}=1`, { field: { path: Array(10).fill("k") }, values: ["1"], orAbsent: false }],
])("the filter %s is read", (text, expected) => {
  expect(parse(text)).toEqual({ filters: [expected], violations: [] });
});

test("filters on one field are one filter of several values", () => {
  expect(parse("data.host=a", "category=x", "data.host=b", "data.host=").filters).toEqual([
    { field: { path: ["host"] }, values: ["a", "b"], orAbsent: true },
    { field: { column: "category" }, values: ["x"], orAbsent: false },
  ]);
});

test.each([
  ["", "must be field=value"],
  ["data.host", "must be field=value"],
  ["=x", "must name category"],
  ["name=x", "must name category"],
  ["sessionId=x", "must name category"],
  ["data=x", "must name category"],
  ["datum.host=x", "must name category"],
  ["data.=x", "must name a key"],
  ["data.a..b=x", "must name a key"],
  [`${deep(11)}=1`, "must name at most 10 keys of data, and names 11"],
  [`data.${"k".repeat(251)}=1`, "must name a field in at most 255 characters, and has 256"],
  [`data.k=${"v".repeat(1025)}`, "must have a value of at most 1024 characters, and has 1025"],
  ["data.\0=1", "must not hold U+0000"],
  ["data.k=\0", "must not hold U+0000"],
  ["data.k=\ud83d", "must not hold an unpaired surrogate"],
])("the filter %j is refused", (text, description) => {
  const { violations } = parse("category=a", text);
  expect(violations).toEqual([{ field: "filters[1]", description: expect.stringContaining(description) }]);
});

test("more than 10 filters are refused", () => {
  expect(parse(...Array(11).fill("category=a")).violations).toEqual([
    { field: "filters", description: "must be at most 10, and are 11" },
  ]);
});
