import { setTimeout as sleep } from "node:timers/promises";

/** A refusal that says when to come again. */
export class QueueFull extends Error {
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super(`the queue is full, and takes more after ${retryAfterMs} ms`);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Sends requests again that the full queue refused, and counts how often. */
export class Retries {
  count = 0;

  async until(send: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await send();
      } catch (error) {
        if (!(error instanceof QueueFull)) throw error;
        this.count++;
        await sleep(error.retryAfterMs);
      }
    }
  }
}
