import { expect, test } from "@jest/globals";
import { microsOfSql } from "@ocellus/runtime/time.ts";
import { Session } from "./session.ts";

const rules = { idleTimeoutMs: 30 * 60_000, closing: [{ glob: "daily-*", closing: "daily" as const }] };
const at = (time: string) => microsOfSql(`2026-01-01T${time}Z`);

/** A session whose last event was at 12:00. */
const session = (namespace: string, closedBefore?: string) =>
  Object.assign(Object.create(Session.prototype) as Session, {
    namespace,
    endTime: at("12:00:00"),
    closedBefore: closedBefore && at(closedBefore),
  });

test.each([
  ["12:30:00.000000", true],
  ["12:30:00.000001", false],
])("a session whose last event was at 12:00 is open at %s: %s", (time, open) => {
  expect(session("shop").isOpen(at(time), rules)).toBe(open);
});

test("a session that only the daily job closes is open until then", () => {
  expect(session("daily-shop").isOpen(at("23:59:59"), rules)).toBe(true);
});

test.each([
  ["12:00:00.000001", false],
  ["12:00:00.000000", true],
])("a session whose last event was at 12:00 and that was closed before %s is open: %s", (time, open) => {
  expect(session("daily-shop", time).isOpen(at("12:10:00"), rules)).toBe(open);
});
