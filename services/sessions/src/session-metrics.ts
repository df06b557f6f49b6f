import type { EntityManager } from "@mikro-orm/postgresql";
import { likeOf } from "@ocellus/runtime/glob.ts";
import { readingOf } from "@ocellus/runtime/reading.ts";
import { readingGauge } from "@ocellus/runtime/reading-gauge.ts";
import { isoOf, nowMicros } from "@ocellus/runtime/time.ts";
import { type RawBuilder, sql } from "kysely";
import type { Logger } from "pino";
import type { SessionRules } from "./session-rules.ts";

const EVERY_MS = 15_000;
/** More open sessions than this are not counted. */
const MAX_COUNTED = 1_000_000;
/** A count that takes longer is given up: there are too many sessions to look through for a number. */
const STATEMENT_TIMEOUT = "900ms";

/** Has the metrics tell how many sessions are open: of the whole suite, the same in each replica. */
export function tellSessions(em: EntityManager, rules: SessionRules, log: Logger): void {
  const open = readingOf(() => countOpen(em, rules), { what: "the open sessions", everyMs: EVERY_MS, log });
  const help = `Sessions that are open, counted up to ${MAX_COUNTED}.`;
  readingGauge({ name: "ocellus_sessions_open", help }, open, (count) => [[{}, count]]);
}

async function countOpen(em: EntityManager, { idleTimeoutMs, closing }: SessionRules): Promise<number> {
  const idleSince = sql`${isoOf(nowMicros() - BigInt(idleTimeoutMs) * 1000n)}::timestamptz`;
  const notClosed = sql`(closed_before is null or end_time >= closed_before)`;
  const isDaily = closing.map((rule) => sql`when namespace like ${likeOf(rule.glob)} then ${rule.closing === "daily"}`);
  const counts = [sql`end_time >= ${idleSince}`];
  // Nothing bounds what is looked through for these, so that they are asked for only where there can be any.
  if (closing.some((rule) => rule.closing === "daily")) {
    counts.push(sql`end_time < ${idleSince} and case ${sql.join(isDaily, sql` `)} else false end`);
  }
  const count = (which: RawBuilder<unknown>) =>
    sql`(select count(*) from (select from sessions.sessions where ${which} and ${notClosed} limit ${MAX_COUNTED}) as counted)`;
  return em.fork().transactional(async (tx) => {
    const kysely = tx.getKysely();
    await sql`select set_config('statement_timeout', ${STATEMENT_TIMEOUT}, true)`.execute(kysely);
    const { rows } = await sql<{ open: string }>`select ${sql.join(counts.map(count), sql` + `)} as open`.execute(
      kysely,
    );
    return Number(rows[0]!.open);
  });
}
