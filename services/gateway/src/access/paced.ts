import { setTimeout as sleep } from "node:timers/promises";
import type { RateLimit } from "@ocellus/runtime/rate-limit.ts";

/** The messages of a stream, each as soon as its sender may send it. The first counts as the call itself. Ends when the signal aborts. */
export async function* paced<T>(
  messages: AsyncIterable<T>,
  limit: RateLimit,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<T> {
  let isFirst = true;
  for await (const message of messages) {
    for (let waitMs = isFirst ? 0 : limit.take(key); waitMs > 0; waitMs = limit.take(key)) {
      await sleep(waitMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
    }
    isFirst = false;
    yield message;
  }
}
