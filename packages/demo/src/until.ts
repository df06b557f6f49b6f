import { setTimeout as sleep } from "node:timers/promises";

/** Asks again until there is an answer: what is accepted is counted within a second. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) {
      throw new Error("What was sent is not counted after 15 s. Look into .ocellus/logs for what holds it up.");
    }
    await sleep(200);
  }
}
