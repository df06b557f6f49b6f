import { expect, test } from "@jest/globals";
import { pageOf, pageSizeProblems } from "./page.ts";

const filters = ["shop", undefined];
const any = () => true;

test.each([
  [0, 50],
  [7, 7],
  [1000, 1000],
  [1001, 1000],
])("a page_size of %d reads %d rows", (pageSize, size) => {
  expect(pageOf({ pageSize, pageToken: "" }, filters, any).size).toBe(size);
});

test("a negative page_size is refused", () => {
  expect(pageSizeProblems(-1).map(({ field }) => field)).toEqual(["page_size"]);
  expect(pageSizeProblems(0)).toEqual([]);
});

test("a token carries the key of the last row to the next page", () => {
  const pageToken = pageOf({ pageSize: 0, pageToken: "" }, filters, any).tokenAfter(["2026", "é"]);
  expect(pageOf({ pageSize: 3, pageToken }, filters, any).after).toEqual(["2026", "é"]);
});

test.each([
  ["another query's", pageOf({ pageSize: 0, pageToken: "" }, ["other"], any).tokenAfter(["a"])],
  ["no base64", "?"],
  ["no list", Buffer.from("{}").toString("base64url")],
])("a token that is %s is refused", (_, pageToken) => {
  expect(() => pageOf({ pageSize: 0, pageToken }, filters, any)).toThrow("page_token");
});

test("a token with a key that no row can have is refused, though it is bound to the query", () => {
  const pageToken = pageOf({ pageSize: 0, pageToken: "" }, filters, any).tokenAfter(["x"]);
  expect(() => pageOf({ pageSize: 0, pageToken }, filters, ([text]) => text !== "x")).toThrow("page_token");
});
