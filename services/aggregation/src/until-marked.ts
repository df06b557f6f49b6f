import { setTimeout as sleep } from "node:timers/promises";
import { type ChangesContext, CommittedChanges } from "./committed-changes.ts";

const ASK_EVERY_MS = 25;
/** Changes that nobody announces, or nobody marks, are not waited for. */
const PATIENCE_MS = 10_000;

/** Waits until all changes that are committed by now are marked, or until none of them was for ten seconds. */
export async function untilMarked(context: ChangesContext, signal: AbortSignal): Promise<void> {
  const changes = await CommittedChanges.untilNow(context);
  let [before, deadline] = [Number.POSITIVE_INFINITY, 0];
  for (;;) {
    signal.throwIfAborted();
    const waiting = await changes.waiting();
    if (waiting === 0) return;
    if (waiting !== before) [before, deadline] = [waiting, performance.now() + PATIENCE_MS];
    else if (performance.now() > deadline) return;
    await sleep(ASK_EVERY_MS, undefined, { signal });
  }
}
