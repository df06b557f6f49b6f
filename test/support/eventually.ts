import { setTimeout as sleep } from "node:timers/promises";

const TRY_EVERY_MS = 25;

/** Tries until `attempt` neither throws nor answers undefined, and answers what it answered. Fails after `withinMs`. */
export async function eventually<T>(attempt: () => Promise<T | undefined>, withinMs = 30_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    let failure: unknown = new Error(`still undefined after ${withinMs} ms`);
    try {
      const answer = await attempt();
      if (answer !== undefined) return answer;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > deadline) throw failure;
    await sleep(TRY_EVERY_MS);
  }
}
