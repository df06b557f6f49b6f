import type { Queue } from "@ocellus/runtime/nats.ts";
import { messageAt, reached } from "@ocellus/runtime/reached-queue.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";

/** The messages about changed events that were not looked at yet. */
export interface PendingChanges {
  count: number;
  /** How long the oldest of them has waited, in milliseconds; undefined where none waits. */
  lagMs: number | undefined;
}

/** What `mark-buckets` has still to look at. Throws UNAVAILABLE where NATS cannot be reached. */
export async function pendingChanges(queue: Queue): Promise<PendingChanges> {
  const info = await reached(queue, () => queue.manager.consumers.info(EVENT_CHANGES.stream, "mark-buckets"));
  const count = info.num_pending + info.num_ack_pending;
  if (count === 0) return { count, lagMs: undefined };
  const { state } = await reached(queue, () => queue.manager.streams.info(EVENT_CHANGES.stream));
  // Where it was handled meanwhile, the next one will not have waited longer than a moment.
  const oldest = await messageAt(queue, EVENT_CHANGES.stream, Math.max(info.ack_floor.stream_seq + 1, state.first_seq));
  return { count, lagMs: oldest && Math.max(0, Date.now() - oldest.time.getTime()) };
}
