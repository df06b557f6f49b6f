import { expect, test } from "@jest/globals";
import { likeOf, regexOf } from "./glob.ts";

test("a glob becomes a pattern of SQL that matches nothing else by chance", () => {
  expect(likeOf("100%_\\*")).toBe("100\\%\\_\\\\%");
});

test.each([
  ["shop-*", "shop-a/b", true],
  ["shop-*", "shop-", true],
  ["shop-*", "a shop-", false],
  ["a.b", "axb", false],
  ["*", "", true],
  ["a*c", "a\nc", true],
  ["Ä*", "Ärger", true],
])("%s matches %j: %s", (glob, text, expected) => {
  expect(regexOf(glob).test(text)).toBe(expected);
});
