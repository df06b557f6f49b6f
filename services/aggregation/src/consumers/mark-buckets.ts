import { type EventChange, EventChangesSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { type ConsumerContext, consumeBatches } from "@ocellus/runtime/message-batches.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import { isoOf, microsOf } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { countMarked } from "../metrics.ts";
import { quarterOf } from "../quarter.ts";

const SOURCE = { stream: EVENT_CHANGES.stream, consumer: "mark-buckets", max: 64 };

/** Marks the buckets of changed events as dirty until the signal aborts. Marking twice is marking once. */
export function markBuckets(context: ConsumerContext): Promise<void> {
  return consumeBatches(context, SOURCE, async (messages) => {
    const changes = messages.flatMap(({ data }) => decode(EventChangesSchema, data).changes);
    // An update may have taken the event from another bucket.
    const buckets = bucketsOf(changes.flatMap((change) => (change.previous ? [change, change.previous] : [change])));
    const column = (index: number) => buckets.map((bucket) => bucket[index]);
    // A bucket that is being computed anew is locked; this waits, and marks it again.
    await sql`
      insert into aggregation.dirty_buckets (namespace, name, bucket_start)
      select * from unnest(${column(0)}::text[], ${column(1)}::text[], ${column(2)}::timestamptz[])
      on conflict do nothing
    `.execute(context.em.fork().getKysely());
    countMarked(changes.length);
  });
}

/** Each bucket once, in one order for all writers, so that their row locks do not deadlock. */
function bucketsOf(changes: EventChange[]): string[][] {
  const buckets = new Map<string, string[]>();
  for (const { namespace, name, timestamp } of changes) {
    if (!timestamp) continue;
    const bucket = [namespace, name, isoOf(quarterOf(microsOf(timestamp)))];
    buckets.set(JSON.stringify(bucket), bucket);
  }
  return [...buckets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bucket]) => bucket);
}
