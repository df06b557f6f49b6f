import type { Queue } from "@ocellus/runtime/nats.ts";

/** Core NATS, no stream: whoever misses it looks once a second anyway. */
const SUBJECT = "ocellus.stored";

/** Tells the watching replicas that events were stored. Waits for nothing. */
export function signalStored(queue: Queue): void {
  if (queue.connected()) queue.connection.publish(SUBJECT);
}

/** Calls `wake` after events were stored, until the function that it answers is called. */
export function onStored(queue: Queue, wake: () => void): () => void {
  const subscription = queue.connection.subscribe(SUBJECT, { callback: wake });
  return () => subscription.unsubscribe();
}
