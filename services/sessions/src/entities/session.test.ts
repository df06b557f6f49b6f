import { expect, test } from "@jest/globals";
import { microsOfSql } from "@ocellus/runtime/time.ts";
import { Session } from "./session.ts";

const THIRTY_MINUTES = 30 * 60_000;

test.each([
  ["12:30:00.000000", true],
  ["12:30:00.000001", false],
])("a session whose last event was at 12:00 is open at %s: %s", (time, open) => {
  const session = Object.assign(Object.create(Session.prototype) as Session, {
    endTime: microsOfSql("2026-01-01T12:00:00Z"),
  });
  expect(session.isOpen(microsOfSql(`2026-01-01T${time}Z`), THIRTY_MINUTES)).toBe(open);
});
