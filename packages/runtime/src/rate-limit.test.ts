import { expect, test } from "@jest/globals";
import { RateLimit } from "./rate-limit.ts";

let now = 0;
const limitOf = (perSecond: number, burst: number) => new RateLimit({ perSecond, burst }, () => now);

test("a burst passes at once, and what follows at the rate", () => {
  const limit = limitOf(125, 3);
  expect([limit.take("a"), limit.take("a"), limit.take("a"), limit.take("a")]).toEqual([0, 0, 0, 8]);
  now += 7;
  expect(limit.take("a")).toBe(1);
  now += 1;
  expect([limit.take("a"), limit.take("a")]).toEqual([0, 8]);
});

test("a rest gives back a burst, and no more", () => {
  const limit = limitOf(1000, 2);
  limit.take("a");
  now += 3_600_000;
  expect([limit.take("a"), limit.take("a"), limit.take("a")]).toEqual([0, 0, 1]);
});

test("each key has a bucket of its own", () => {
  const limit = limitOf(1, 1);
  expect([limit.take("a"), limit.take("a"), limit.take("b")]).toEqual([0, 1000, 0]);
});

test("what is refused does not count: who asks too often is not put off further", () => {
  const limit = limitOf(10, 1);
  limit.take("a");
  for (let i = 0; i < 100; i++) expect(limit.take("a")).toBe(100);
});

test("keys that rest are forgotten, and those that do not are kept", () => {
  const limit = limitOf(1, 2);
  for (let i = 0; i < 20_000; i++) {
    limit.take(`key ${i}`);
    limit.take("busy");
    now += 1;
  }
  // Each is full again after a second, in which a thousand others come.
  expect(limit.size).toBeLessThan(5000);
  expect(limit.take("busy") + limit.take("busy")).toBeGreaterThan(0);
});
