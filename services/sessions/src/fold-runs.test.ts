import { expect, test } from "@jest/globals";
import { diceOf } from "../../../test/support/dice.ts";
import { type FoldedRun, foldRuns, type StoredRun } from "./fold-runs.ts";
import { runOf } from "./run.ts";

const TIMEOUT = 30n;

/** An event whose id sorts as its time. */
const at = (time: number) => runOf(`event-${String(time).padStart(4, "0")}`, BigInt(time));

const stored = (id: string, ...times: number[]): StoredRun => {
  const [run] = foldRuns([], times.map(at), 10_000n);
  return { ...run!, id };
};

const shape = (runs: FoldedRun[]) =>
  runs.map(({ id, start, end, count, absorbed }) => [id, Number(start), Number(end), Number(count), absorbed]);

test("a first event starts a session", () => {
  expect(shape(foldRuns([], [at(100)], TIMEOUT))).toEqual([[undefined, 100, 100, 1, []]]);
});

test.each([
  [130, [["s", 100, 130, 2, []]]],
  [131, [[undefined, 131, 131, 1, []]]],
  [70, [["s", 70, 100, 2, []]]],
  [69, [[undefined, 69, 69, 1, []]]],
  [100, [["s", 100, 100, 2, []]]],
])("an event at %d meets a session at 100", (time, expected) => {
  expect(shape(foldRuns([stored("s", 100)], [at(time)], TIMEOUT))).toEqual(expected);
});

test("a late event joins two sessions into the earlier", () => {
  expect(shape(foldRuns([stored("late", 150, 160), stored("early", 100)], [at(125)], TIMEOUT))).toEqual([
    ["early", 100, 160, 4, ["late"]],
  ]);
});

test("an event before a session joins it without changing its id", () => {
  const [run] = foldRuns([stored("s", 100)], [at(80), at(90)], TIMEOUT);
  expect(run).toMatchObject({ id: "s", entryEventId: "event-0080", exitEventId: "event-0100", count: 3n });
});

test("of events at the same time the lowest id enters and the highest exits", () => {
  const [run] = foldRuns([], [runOf("b", 5n), runOf("a", 5n), runOf("c", 5n)], TIMEOUT);
  expect(run).toMatchObject({ entryEventId: "a", exitEventId: "c" });
});

test.each(Array.from({ length: 50 }, (_, seed) => [seed]))(
  "events in any order and any batches make the sessions of a recount (seed %d)",
  (seed) => {
    const random = diceOf(seed);
    const times = Array.from({ length: 60 }, () => Math.floor(random() * 1500));
    const sessions = new Map<string, FoldedRun>();
    let fresh = 0;
    const left = [...times];
    while (left.length > 0) {
      const batch = left.splice(0, 1 + Math.floor(random() * 5)).map(at);
      const known = [...sessions].map(([id, run]) => ({ ...run, id }));
      for (const run of foldRuns(known, batch, TIMEOUT)) {
        for (const id of run.absorbed) sessions.delete(id);
        sessions.set(run.id ?? `session-${fresh++}`, run);
      }
    }
    const recount = foldRuns([], times.map(at), TIMEOUT);
    const withoutIds = (runs: Iterable<FoldedRun>) =>
      [...runs].map(({ id: _, absorbed: __, ...run }) => run).sort((a, b) => Number(a.start - b.start));
    expect(withoutIds(sessions.values())).toEqual(withoutIds(recount));
  },
);
