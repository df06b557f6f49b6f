import { connectOperator } from "@ocellus/suite/connect-operator.ts";
import { eventually } from "../../../../test/support/eventually.ts";
import type { Target } from "../target/target.ts";

/** Waits until nothing is on its way: the streams and the outbox are empty, and no bucket before the frontier is dirty. */
export async function untilQuiet(target: Target, withinMs: number): Promise<void> {
  const nats = await connectOperator(target.nats.url, target.certificates);
  try {
    const manager = await nats.jetstreamManager();
    await eventually(async () => {
      const streams = await Promise.all(["EVENTS", "EVENT_CHANGES"].map((name) => manager.streams.info(name)));
      const waiting = streams.map(({ config, state }) => `${state.messages} in ${config.name}`);
      const [rows] = await target.query<{ outbox: number; dirty: number }>(
        `select (select count(*) from ingest.outbox)::int as outbox, (select count(*)::int
         from aggregation.dirty_buckets where bucket_start < (select at from aggregation.frontier)) as dirty`,
      );
      const quiet = streams.every(({ state }) => state.messages === 0) && rows!.outbox === 0 && rows!.dirty === 0;
      if (!quiet) throw new Error(`Still on their way: ${waiting.join(", ")}, ${JSON.stringify(rows)}`);
      return true;
    }, withinMs);
  } finally {
    await nats.close();
  }
}
