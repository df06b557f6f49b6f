import { describe, expect, jest, test } from "@jest/globals";
import { pino } from "pino";
import { readingOf } from "./reading.ts";

const log = pino({ level: "silent" });

describe("a reading for metrics", () => {
  test("is taken once for all that ask within its time, and anew for those after", async () => {
    let count = 0;
    const often = readingOf(async () => ++count, { what: "it", everyMs: 0, log });
    expect(await often()).toBe(1);
    expect(await often()).toBe(2);
    const seldom = readingOf(async () => ++count, { what: "it", everyMs: 60_000, log });
    expect(await Promise.all([seldom(), seldom()])).toEqual([3, 3]);
    expect(await seldom()).toBe(3);
  });

  test("is undefined where it fails, which is logged once", async () => {
    const warn = jest.spyOn(log, "warn");
    const failing = readingOf(() => Promise.reject(new Error("away")), { what: "it", everyMs: 0, log });
    expect(await failing()).toBeUndefined();
    expect(await failing()).toBeUndefined();
    expect(warn).toHaveBeenCalledTimes(1);
  });

  test("is undefined where it takes longer than a second, and not begun again before it has ended", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    let begun = 0;
    const frozen = () => {
      begun++;
      return promise;
    };
    const slow = readingOf(frozen, { what: "it", everyMs: 0, log });
    expect(await slow()).toBeUndefined();
    expect(await slow()).toBeUndefined();
    expect(begun).toBe(1);
    resolve("at last");
    await promise;
    expect(await slow()).toBe("at last");
    expect(begun).toBe(2);
  });
});
