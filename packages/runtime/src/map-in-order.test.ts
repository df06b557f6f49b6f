import { expect, test } from "@jest/globals";
import { mapInOrder } from "./map-in-order.ts";

async function* from<T>(...values: T[]) {
  yield* values;
}

test("results come in the order of the inputs, however long each takes", async () => {
  const releases: (() => void)[] = [];
  const slowFirst = (n: number) =>
    n === 1 ? new Promise<number>((resolve) => releases.push(() => resolve(n))) : Promise.resolve(n);
  const results: number[] = [];
  for await (const result of mapInOrder(from(1, 2, 3), { most: 2 }, (n) => {
    if (n === 2) releases[0]?.();
    return slowFirst(n);
  })) {
    results.push(result);
  }
  expect(results).toEqual([1, 2, 3]);
});

test("no more than the given number are under way", async () => {
  let running = 0;
  let most = 0;
  const work = async (n: number) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return n;
  };
  const results = await Array.fromAsync(mapInOrder(from(1, 2, 3, 4, 5, 6), { most: 3 }, work));
  expect(results).toEqual([1, 2, 3, 4, 5, 6]);
  expect(most).toBe(3);
});

test("no more than the given bytes, and one input, are under way", async () => {
  let running = 0;
  let most = 0;
  const work = async (n: number) => {
    running += n;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= n;
    return n;
  };
  const limits = { most: 100, mostBytes: 10, bytesOf: (n: number) => n };
  const results = await Array.fromAsync(mapInOrder(from(4, 4, 4, 4, 20, 1), limits, work));
  expect(results).toEqual([4, 4, 4, 4, 20, 1]);
  expect(most).toBeLessThan(10 + 20);
});

test("an end before the last input takes no more", async () => {
  const taken: number[] = [];
  for await (const result of mapInOrder(from(1, 2, 3, 4, 5), { most: 2 }, async (n) => taken.push(n))) {
    expect(result).toBe(1);
    break;
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(taken.length).toBeLessThan(5);
});

test("a failure comes in its turn, after the results before it", async () => {
  const results: number[] = [];
  const mapped = mapInOrder(from(1, 2, 3), { most: 3 }, async (n) => {
    if (n === 2) throw new Error("two");
    return n;
  });
  await expect(async () => {
    for await (const result of mapped) results.push(result);
  }).rejects.toThrow("two");
  expect(results).toEqual([1]);
});

test("an input that fails does so after the results of those before it", async () => {
  async function* failing() {
    yield 1;
    throw new Error("no input");
  }
  const results: number[] = [];
  await expect(async () => {
    for await (const result of mapInOrder(failing(), { most: 3 }, async (n) => n)) results.push(result);
  }).rejects.toThrow("no input");
  expect(results).toEqual([1]);
});
