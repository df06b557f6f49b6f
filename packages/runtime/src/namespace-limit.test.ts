import { expect, test } from "@jest/globals";
import { limitIn, NamespaceLimit } from "./namespace-limit.ts";

test("a limit is read as it was told, whatever its globs hold", () => {
  const globs = ["shop-*", "a,b", "größe 😀", "%"];
  expect(limitIn(new NamespaceLimit(globs).toText())?.globs).toEqual(globs);
  expect(limitIn("")?.globs).toEqual([]);
  expect(limitIn(undefined)).toBeUndefined();
});

test.each(["%", "%ff", "a,%zz", "%00"])("the limit %s cannot be read", (text) => {
  expect(() => limitIn(text)).toThrow("ocellus-namespaces: must be globs");
});
