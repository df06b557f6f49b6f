import { setImmediate as turnEnds } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import type { Growing } from "@ocellus/wire/growing.ts";
import { eventually } from "../../../../test/support/eventually.ts";
import type { Result } from "./results.ts";
import { SharedCalls } from "./shared-calls.ts";

/** Calls that end when the test lets them: each event is one byte, and its result names that byte. */
function bed() {
  const calls: {
    sent: number[];
    end: () => void;
    fail: (error: Error) => void;
    answer: (results: Result[]) => void;
  }[] = [];
  const shared = new SharedCalls((request) => {
    const { promise, resolve, reject } = Promise.withResolvers<Result[]>();
    const sent = [...request];
    calls.push({ sent, end: () => resolve(sent.map(named)), fail: reject, answer: resolve });
    return promise;
  });
  const add = (byte: number) =>
    shared.add((out: Growing) => {
      out.byte(byte);
      return true;
    })!;
  return { calls, shared, add, sent: () => calls.map(({ sent }) => sent) };
}

const named = (byte: number): Result => ({ id: String(byte) });

test("events of one turn travel together, and each has its own result", async () => {
  const { calls, add, sent } = bed();
  const outcomes = [add(1), add(2), add(3)];
  expect(sent()).toEqual([]);
  await turnEnds();
  expect(sent()).toEqual([[1, 2, 3]]);
  calls[0]!.end();
  expect(await Promise.all(outcomes)).toEqual([1, 2, 3].map(named));
});

test("what comes while two calls are under way goes when one of them ends", async () => {
  const { calls, add, sent } = bed();
  const outcomes = [];
  for (const byte of [1, 2]) {
    outcomes.push(add(byte));
    await turnEnds();
  }
  outcomes.push(add(3));
  await turnEnds();
  outcomes.push(add(4));
  calls[1]!.end();
  await outcomes[1];
  await turnEnds();
  expect(sent()).toEqual([[1], [2], [3, 4]]);
  for (const { end } of calls) end();
  expect(await Promise.all(outcomes)).toEqual([1, 2, 3, 4].map(named));
});

test("no event waits for long, though no call ends", async () => {
  const { calls, add, sent } = bed();
  const outcomes = [1, 2, 3].map(async (byte) => {
    for (let turn = 1; turn < byte; turn++) await turnEnds();
    return add(byte);
  });
  await eventually(async () => (calls.length === 3 ? true : undefined));
  expect(sent()).toEqual([[1], [2], [3]]);
  for (const { end } of calls) end();
  expect(await Promise.all(outcomes)).toEqual([1, 2, 3].map(named));
});

test("a call carries no more than 500 events", async () => {
  const { calls, add, sent } = bed();
  const outcomes = Array.from({ length: 1001 }, (_, index) => add(index % 100));
  await eventually(async () => (calls.length === 3 ? true : undefined));
  expect(sent().map(({ length }) => length)).toEqual([500, 500, 1]);
  for (const { end } of calls) end();
  expect(await Promise.all(outcomes)).toHaveLength(1001);
});

test("a call carries little more than 1 MiB", async () => {
  const { calls, shared } = bed();
  const large = Buffer.alloc(300_000);
  const write = (out: Growing) => {
    out.copy(large, 0, large.length);
    return true;
  };
  for (let event = 0; event < 5; event++) void shared.add(write);
  await turnEnds();
  expect(calls.map(({ sent }) => sent.length)).toEqual([1_200_000, 300_000]);
});

test("a call that fails fails for all of its callers, and for no other", async () => {
  const { calls, add } = bed();
  const first = Promise.allSettled([add(1), add(2)]);
  await turnEnds();
  const second = add(3);
  await turnEnds();
  const error = new Error("gone");
  calls[0]!.fail(error);
  calls[1]!.end();
  expect(await first).toEqual([1, 2].map(() => ({ status: "rejected", reason: error })));
  expect(await second).toEqual(named(3));
});

test("an answer with too few results is nobody's", async () => {
  const { calls, add } = bed();
  const outcomes = Promise.allSettled([add(1), add(2)]);
  await turnEnds();
  calls[0]!.answer([named(1)]);
  for (const { status } of await outcomes) expect(status).toBe("rejected");
});

test("an event that was not written takes no part", async () => {
  const { add, shared, sent } = bed();
  expect(shared.add(() => false)).toBeUndefined();
  void add(1);
  await turnEnds();
  expect(sent()).toEqual([[1]]);
});
