import { connectOperator } from "@ocellus/suite/connect-operator.ts";
import { eventually } from "../../../../test/support/eventually.ts";
import type { Target } from "../target/target.ts";

/** Waits until nothing is on its way: the streams and the outbox are empty, and no bucket before the frontier is dirty. */
export async function untilQuiet(target: Target, withinMs: number): Promise<void> {
  const nats = await connectOperator(target.nats.url, target.certificates);
  try {
    const manager = await nats.jetstreamManager();
    const messagesIn = async (stream: string) => (await manager.streams.info(stream)).state.messages;
    await eventually(async () => {
      // One after another, as events go: what leaves the one before it was looked at is seen in the next.
      const events = await messagesIn("EVENTS");
      const [rows] = await target.query<{ outbox: number; dirty: number }>(
        `select (select count(*) from ingest.outbox)::int as outbox, (select count(*)::int
         from aggregation.dirty_buckets where bucket_start < (select at from aggregation.frontier)) as dirty`,
      );
      const left = { events, changes: await messagesIn("EVENT_CHANGES"), ...rows! };
      if (Object.values(left).some((count) => count > 0)) {
        throw new Error(`Still on their way: ${JSON.stringify(left)}`);
      }
      return true;
    }, withinMs);
  } finally {
    await nats.close();
  }
}
