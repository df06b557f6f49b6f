import { expect, test } from "@jest/globals";
import { isoOf, nowMicros } from "@ocellus/runtime/time.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { LateMarks } from "./late-marks.ts";
import { quarterOf } from "./quarter.ts";

test("marks of what is rolled up already count for a while, those of now do not", async () => {
  const marks = new LateMarks();
  const now = isoOf(quarterOf(nowMicros()));
  marks.add([
    ["a", "b", "2026-01-01T10:00:00.000000Z"],
    ["a", "b", "2026-01-01T10:15:00.000000Z"],
    ["a", "b", now],
  ]);
  const rate = await eventually(async () => marks.perSecond() || undefined);
  expect(rate).toBeGreaterThan(0);
  expect(rate).toBeLessThanOrEqual(2);
  await eventually(async () => (marks.perSecond() === 0 ? true : undefined));
});
