import { setTimeout as sleep } from "node:timers/promises";

/** A refusal that says when to come again: the queue is full, or did not confirm in time. Twice sent is the same event. */
export class NotTaken extends Error {
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super(`the queue did not take it, and may after ${retryAfterMs} ms`);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Sends requests again that the queue did not take, and counts how often. */
export class Retries {
  count = 0;

  async until(send: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await send();
      } catch (error) {
        if (!(error instanceof NotTaken)) throw error;
        this.count++;
        await sleep(error.retryAfterMs);
      }
    }
  }
}
