import type { Queue } from "@ocellus/runtime/nats.ts";
import { EVENT_CHANGES, EVENTS } from "@ocellus/runtime/streams.ts";

/**
 * Takes out of the streams what every consumer has acknowledged. NATS does so itself with each acknowledgement; but where it
 * was killed right after, it may find a message in its files again that no consumer will be handed any more, and it would
 * take up room in the stream for ever. (A full EVENT_ERRORS throws away its oldest, and needs no help.)
 */
export async function releaseHandled({ manager, connected }: Queue): Promise<void> {
  if (!connected()) return;
  for (const { stream, consumers } of [EVENTS, EVENT_CHANGES]) {
    const infos = await Promise.all(consumers.map((consumer) => manager.consumers.info(stream, consumer)));
    // Only of a consumer at rest is the floor for sure: deliveries that are repeated may carry it past what is still in hand.
    if (infos.some(({ num_pending, num_ack_pending }) => num_pending > 0 || num_ack_pending > 0)) continue;
    const handled = Math.min(...infos.map(({ ack_floor }) => ack_floor.stream_seq));
    const { first_seq, last_seq, messages } = (await manager.streams.info(stream)).state;
    // A stream that ends before it has lost its newest messages, and counts new ones from there.
    if (messages > 0 && first_seq <= handled && handled <= last_seq) {
      await manager.streams.purge(stream, { seq: handled + 1 });
    }
  }
}
