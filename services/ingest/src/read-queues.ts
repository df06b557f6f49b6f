import type { EntityManager } from "@mikro-orm/postgresql";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { EVENT_CHANGES, EVENT_ERRORS, EVENTS } from "@ocellus/runtime/streams.ts";
import { sql } from "kysely";

/** How far a consumer of a stream is. */
export interface ConsumerReading {
  consumer: string;
  /** Messages that it was not handed yet. */
  pending: number;
  /** Messages that it has in hand. */
  unacknowledged: number;
}

/** What waits in a stream. */
export interface StreamReading {
  stream: string;
  messages: number;
  bytes: number;
  /** How long the first has waited; 0 where none waits. */
  oldestSeconds: number;
  consumers: ConsumerReading[];
}

/** Looks at the streams of the suite and their consumers. */
export function readStreams({ manager }: Queue): Promise<StreamReading[]> {
  return Promise.all(
    [EVENTS, EVENT_CHANGES, EVENT_ERRORS].map(async ({ stream, consumers }) => {
      const { messages, bytes, first_ts } = (await manager.streams.info(stream)).state;
      const infos = await Promise.all(consumers.map((consumer) => manager.consumers.info(stream, consumer)));
      return {
        stream,
        messages,
        bytes,
        oldestSeconds: messages > 0 ? Math.max(0, (Date.now() - Date.parse(first_ts)) / 1000) : 0,
        consumers: infos.map(({ name, num_pending, num_ack_pending }) => ({
          consumer: name,
          pending: num_pending,
          unacknowledged: num_ack_pending,
        })),
      };
    }),
  );
}

/** More messages of the outbox than this are not counted. */
export const MAX_COUNTED = 10_000;

/** What waits in the outbox, and is kept in the error store. */
export interface TableReading {
  outboxMessages: number;
  outboxOldestSeconds: number;
  errorBytes: number;
}

/** Looks at the tables of the ingest service. */
export async function readTables(em: EntityManager): Promise<TableReading> {
  const { rows } = await sql<{ waiting: string; oldest: string | null; bytes: string }>`
    select count(*) as waiting, extract(epoch from now() - min(create_time)) as oldest,
      (select bytes from ingest.event_error_totals) as bytes
    from (select create_time from ingest.outbox order by create_time limit ${MAX_COUNTED}) as first
  `.execute(em.fork().getKysely());
  const { waiting, oldest, bytes } = rows[0]!;
  return {
    outboxMessages: Number(waiting),
    outboxOldestSeconds: Math.max(0, Number(oldest ?? 0)),
    errorBytes: Number(bytes),
  };
}
