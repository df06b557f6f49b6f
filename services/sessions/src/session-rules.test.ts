import { expect, test } from "@jest/globals";
import { readConfig } from "@ocellus/runtime/config.ts";
import { closingOf, closingRules } from "./session-rules.ts";

const rulesOf = (RULES: string) => readConfig({ RULES: closingRules() }, { RULES }).RULES;

test.each([
  ["shop-*=daily,*=idle", "shop-a/b", "daily"],
  ["shop-*=daily,*=idle", "shop-", "daily"],
  ["shop-*=daily,*=idle", "a shop-", "idle"],
  ["a.b=daily", "a.b", "daily"],
  ["a.b=daily", "axb", "idle"],
  ["*=daily", "anything", "daily"],
  ["a=b=daily", "a=b", "daily"],
  ["shop=idle,*=daily", "shop", "idle"],
])("by %s the namespace %s is closed %s", (rules, namespace, closing) => {
  expect(closingOf(namespace, { idleTimeoutMs: 1, closing: rulesOf(rules) })).toBe(closing);
});

test.each(["", "shop", "shop=never", "=daily", "a=daily,"])("%j are no rules", (rules) => {
  expect(() => rulesOf(rules)).toThrow("RULES");
});
