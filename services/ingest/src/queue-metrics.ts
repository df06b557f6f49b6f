import type { EntityManager } from "@mikro-orm/postgresql";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { readingOf } from "@ocellus/runtime/reading.ts";
import { readingGauge } from "@ocellus/runtime/reading-gauge.ts";
import { EVENT_CHANGES, EVENT_ERRORS, EVENTS } from "@ocellus/runtime/streams.ts";
import type { Logger } from "pino";
import {
  type ConsumerReading,
  MAX_COUNTED,
  readStreams,
  readTables,
  type StreamReading,
  type TableReading,
} from "./read-queues.ts";

const EVERY_MS = 5000;

/** What the metrics of queues are read from. */
export interface QueueMetricsOptions {
  queue: Queue;
  em: EntityManager;
  log: Logger;
  config: {
    EVENTS_MAX_BYTES: number;
    EVENT_CHANGES_MAX_BYTES: number;
    EVENT_ERRORS_QUEUE_MAX_BYTES: number;
    EVENT_ERRORS_MAX_BYTES: number;
  };
}

/** Has the metrics tell what waits in the streams and in the outbox, and what is in the error store: the same in each replica. */
export function tellQueues({ queue, em, log, config }: QueueMetricsOptions): void {
  const streams = readingOf(() => readStreams(queue), { what: "the streams", everyMs: EVERY_MS, log });
  const ofStream = (name: string, help: string, value: (reading: StreamReading) => number) =>
    readingGauge({ name, help, labelNames: ["stream"] }, streams, (read) =>
      read.map((reading) => [{ stream: reading.stream }, value(reading)]),
    );
  ofStream("ocellus_stream_messages", "Messages that wait in a stream.", ({ messages }) => messages);
  ofStream("ocellus_stream_bytes", "Bytes that wait in a stream.", ({ bytes }) => bytes);
  const limits = new Map<string, number>([
    [EVENTS.stream, config.EVENTS_MAX_BYTES],
    [EVENT_CHANGES.stream, config.EVENT_CHANGES_MAX_BYTES],
    [EVENT_ERRORS.stream, config.EVENT_ERRORS_QUEUE_MAX_BYTES],
  ]);
  ofStream(
    "ocellus_stream_limit_bytes",
    "Bytes that a stream may hold. At its limit new events are refused, changes wait in the outbox, the oldest errors are thrown away.",
    ({ stream }) => limits.get(stream)!,
  );
  ofStream(
    "ocellus_stream_oldest_message_age_seconds",
    "How long the oldest message of a stream has waited, in seconds; 0 where none waits.",
    ({ oldestSeconds }) => oldestSeconds,
  );

  const ofConsumer = (name: string, help: string, value: (reading: ConsumerReading) => number) =>
    readingGauge({ name, help, labelNames: ["stream", "consumer"] }, streams, (read) =>
      read.flatMap(({ stream, consumers }) =>
        consumers.map((reading) => [{ stream, consumer: reading.consumer }, value(reading)] as const),
      ),
    );
  ofConsumer(
    "ocellus_consumer_pending_messages",
    "Messages of a stream that were not handed to a consumer yet.",
    ({ pending }) => pending,
  );
  ofConsumer(
    "ocellus_consumer_unacknowledged_messages",
    "Messages of a stream that a consumer has in hand.",
    ({ unacknowledged }) => unacknowledged,
  );

  const tables = readingOf(() => readTables(em), { what: "the outbox and the error store", everyMs: EVERY_MS, log });
  const ofTables = (name: string, help: string, value: (reading: TableReading) => number) =>
    readingGauge({ name, help }, tables, (read) => [[{}, value(read)]]);
  ofTables(
    "ocellus_outbox_messages",
    `Messages about committed changes that are not announced yet, counted up to ${MAX_COUNTED}.`,
    ({ outboxMessages }) => outboxMessages,
  );
  ofTables(
    "ocellus_outbox_oldest_message_age_seconds",
    "How long the oldest message of the outbox has waited, in seconds; 0 where none waits.",
    ({ outboxOldestSeconds }) => outboxOldestSeconds,
  );
  ofTables(
    "ocellus_event_errors_stored_bytes",
    "Bytes of refused events in the error store.",
    ({ errorBytes }) => errorBytes,
  );
  ofTables(
    "ocellus_event_errors_limit_bytes",
    "Bytes of refused events that the error store may hold; beyond, the oldest go.",
    () => config.EVENT_ERRORS_MAX_BYTES,
  );
}
