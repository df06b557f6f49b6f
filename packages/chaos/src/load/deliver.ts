import { setTimeout as sleep } from "node:timers/promises";
import type { Send } from "./answers.ts";
import type { Entry } from "./entry.ts";
import type { Ledger } from "./ledger.ts";

/** Every call ends within so long, whatever is broken. */
export const CALL_WITHIN_MS = 10_000;
/** What a call takes beyond its deadline is the machine's business, up to here. */
const SLACK_MS = 5000;

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2000;

/** Sends events until each is answered, with the same id and timestamp, as the contract asks of a client. */
export async function deliver(entries: Entry[], send: Send, ledger: Ledger, giveUp: AbortSignal): Promise<void> {
  for (const entry of entries) entry.sending++;
  let open = entries;
  for (let tries = 0; open.length > 0; tries++) {
    if (giveUp.aborted) return;
    if (tries > 0) {
      ledger.tallies.retries += open.length;
      await sleep(Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** tries) * (0.5 + Math.random() / 2));
    }
    ledger.tallies.requests++;
    const answers = await withinDeadline(() => send(open), ledger);
    const again: Entry[] = [];
    for (const [index, entry] of open.entries()) {
      if (ledger.note(entry, answers[index]!)) again.push(entry);
      else entry.sending--;
    }
    open = again;
  }
}

/** Makes a call, and notes it as hung where it does not end by its deadline. */
export async function withinDeadline<T>(call: () => Promise<T>, ledger: Ledger): Promise<T> {
  const start = performance.now();
  const alarm = setTimeout(() => ledger.problems.add("a call did not end by its deadline"), CALL_WITHIN_MS + SLACK_MS);
  try {
    return await call();
  } finally {
    clearTimeout(alarm);
    ledger.slowest = Math.max(ledger.slowest, performance.now() - start);
  }
}
