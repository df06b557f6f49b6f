import { reached } from "@ocellus/runtime/reached-queue.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import { sql } from "kysely";
import { searchStream } from "./search-stream.ts";
import type { StatusOptions } from "./status-options.ts";

/** Which consumers have taken in all that was announced of an event. */
export interface Announced {
  sessionised: boolean;
  counted: boolean;
}

const [SESSIONS, AGGREGATES] = EVENT_CHANGES.consumers;

/** A change is on its way while the outbox holds it, and then while it lies above what a consumer has acknowledged. */
export async function announcedOf({ em, queue }: StatusOptions, id: string): Promise<Announced> {
  const { rows } = await sql`
    select from ingest.outbox where position(convert_to(${id}, 'UTF8') in payload) > 0 limit 1`.execute(
    em.fork().getKysely(),
  );
  if (rows.length > 0) return { sessionised: false, counted: false };
  const [sessions, aggregates] = await Promise.all([progressOf(queue, SESSIONS), progressOf(queue, AGGREGATES)]);
  const behind = [sessions, aggregates].filter(({ isBehind }) => isBehind);
  if (behind.length === 0) return { sessionised: true, counted: true };
  const floor = Math.min(...behind.map(({ floor }) => floor));
  const change = await searchStream(queue, EVENT_CHANGES.stream, { text: id, afterSeq: floor });
  const has = ({ isBehind, floor }: Progress) => !change || !isBehind || change.seq <= floor;
  return { sessionised: has(sessions), counted: has(aggregates) };
}

interface Progress {
  /** Up to here the consumer has acknowledged everything. */
  floor: number;
  isBehind: boolean;
}

async function progressOf(queue: StatusOptions["queue"], consumer: string): Promise<Progress> {
  const info = await reached(queue, () => queue.manager.consumers.info(EVENT_CHANGES.stream, consumer));
  return { floor: info.ack_floor.stream_seq, isBehind: info.num_pending + info.num_ack_pending > 0 };
}
