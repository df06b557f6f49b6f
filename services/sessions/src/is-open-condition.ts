import { raw } from "@mikro-orm/core";
import { likeOf } from "@ocellus/runtime/glob.ts";
import { isoOf, type Micros } from "@ocellus/runtime/time.ts";
import type { SessionRules } from "./session-rules.ts";

/** `Session.isOpen` as a condition on the table: it holds for the sessions that are open at `now`, or for all others. */
export function isOpenCondition(open: boolean, now: Micros, rules: SessionRules): object {
  const idleSince = isoOf(now - BigInt(rules.idleTimeoutMs) * 1000n);
  const daily = rules.closing.map(({ closing }) => `when namespace like ? then ${closing === "daily"}`);
  const isDaily = daily.length === 0 ? "false" : `case ${daily.join(" ")} else false end`;
  const isOpen = `(closed_before is null or end_time >= closed_before) and (end_time >= ?::timestamptz or ${isDaily})`;
  const patterns = rules.closing.map(({ glob }) => likeOf(glob));
  return { [raw(open ? `(${isOpen})` : `not (${isOpen})`, [idleSince, ...patterns])]: [] };
}
