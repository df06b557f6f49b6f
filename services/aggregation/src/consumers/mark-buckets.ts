import { type ConsumerContext, consumeBatches } from "@ocellus/runtime/message-batches.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import { ChangesMessage } from "@ocellus/wire/read-changes.ts";
import { sql } from "kysely";
import { BucketCollector } from "../collect-buckets.ts";
import { countMarked } from "../metrics.ts";

const SOURCE = { stream: EVENT_CHANGES.stream, consumer: "mark-buckets", max: 32 };

/** Marks the buckets of changed events as dirty until the signal aborts. Marking twice is marking once. */
export function markBuckets(context: ConsumerContext): Promise<void> {
  return consumeBatches(context, SOURCE, async (messages) => {
    const collector = new BucketCollector();
    let count = 0;
    for (const { data } of messages) {
      const message = new ChangesMessage(data);
      message.tell(collector);
      count += message.count;
    }
    const buckets = collector.all();
    const column = (index: 0 | 1 | 2) => buckets.map((bucket) => bucket[index]);
    // A bucket that is being computed anew is locked; this waits, and marks it again.
    await sql`
      insert into aggregation.dirty_buckets (namespace, name, bucket_start)
      select * from unnest(${column(0)}::text[], ${column(1)}::text[], ${column(2)}::timestamptz[])
      on conflict do nothing
    `.execute(context.em.fork().getKysely());
    countMarked(count);
  });
}
