import type { EntityManager } from "@mikro-orm/postgresql";
import { isoOf, nowMicros } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import type { Logger } from "pino";
import { countDropped } from "../metrics.ts";
import { unlessHeldUp } from "../partitions/tend-partitions.ts";
import type { KeptFrom } from "./kept-from.ts";

/** How many events one transaction deletes. */
const BATCH = 1000;

/** What dropping works with. */
export interface DropOptions {
  em: EntityManager;
  kept: KeptFrom;
  log: Logger;
  signal: AbortSignal;
}

/**
 * Moves on since when events are kept, commits that, and then drops the partitions before it and deletes what is left of older events in
 * others. Nobody is told of them as deleted: sessions and aggregates keep what they know.
 */
export async function dropOldEvents({ em, kept, log, signal }: DropOptions): Promise<void> {
  const due = kept.due(nowMicros());
  if (due !== undefined) {
    const moved = sql`select ingest.keep_from(${isoOf(due)}::timestamptz)`;
    await unlessHeldUp("forgetting older events", log, () => moved.execute(em.fork().getKysely()));
  }
  await kept.refresh(em);
  if (kept.isForEver()) return;
  for (let partition: string | null | undefined = ""; partition != null && !signal.aborted; ) {
    const dropped = sql<{ partition: string | null }>`select ingest.drop_oldest_partition() as partition`;
    const answer = await unlessHeldUp("dropping a partition", log, () => dropped.execute(em.fork().getKysely()));
    partition = answer?.rows[0]?.partition;
    if (partition) log.info({ partition }, "dropped a partition of events that are not kept any longer");
  }
  for (let deleted = -1; deleted !== 0 && !signal.aborted; ) {
    deleted = await deleteSome(em.fork());
    countDropped(deleted);
  }
}

/** Deletes some of the events that share a partition with others: those of the default partition, and those before 2020. */
async function deleteSome(em: EntityManager): Promise<number> {
  const { rows } = await sql<{ deleted: string }>`
    with old as (
      select id, "timestamp" from ingest.events where "timestamp" < (select at from ingest.kept_from)
      order by "timestamp", id limit ${BATCH} for update skip locked
    ),
    gone as (
      delete from ingest.events e using old where (e.id, e."timestamp") = (old.id, old."timestamp") returning e.id
    )
    select count(*) as deleted from gone
  `.execute(em.getKysely());
  return Number(rows[0]!.deleted);
}
