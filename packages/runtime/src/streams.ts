import {
  AckPolicy,
  type ConsumerConfig,
  DiscardPolicy,
  type JetStreamManager,
  NatsError,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "nats";
import type { Logger } from "pino";
import type { Queue } from "./nats.ts";
import { retryUntil } from "./retry.ts";

/** The accepted events on their way to the table. A message leaves it when it is stored. */
export const EVENTS = { stream: "EVENTS", subject: "ocellus.events", consumers: ["store-events"] } as const;

/** What changed in the table. A message leaves it when every consumer has it. */
export const EVENT_CHANGES = {
  stream: "EVENT_CHANGES",
  subject: "ocellus.event-changes",
  consumers: ["extend-sessions", "mark-buckets"],
} as const;

/** What was refused, on its way to the error store. A message leaves it when it is kept there. */
export const EVENT_ERRORS = {
  stream: "EVENT_ERRORS",
  subject: "ocellus.event-errors",
  consumers: ["keep-errors"],
} as const;

/**
 * How many bytes each stream may hold. What is published to full streams of events and changes is for its publisher to hold back
 * (`stream-room.ts` of the ingest service); a full stream of errors throws away its oldest.
 */
export interface StreamLimits {
  eventsBytes: number;
  changesBytes: number;
  errorsBytes: number;
  /** How many servers of a NATS cluster hold each stream; by default one. */
  replicas?: number;
}

/**
 * After how long a message that nobody acknowledged comes again: so much later is stored, at most, what a replica that crashed
 * had in hand. A consumer that works for longer says so meanwhile.
 */
export const ACK_WAIT_MS = 5000;
const DUPLICATE_WINDOW_MS = 120_000;

/** How far NATS' own limit lies above that of publishers, of which each sees with a delay what the others publish. */
const HEADROOM_BYTES = 256 * 1024 * 1024;

/**
 * Creates or updates the streams and all their durable consumers. The consumers are created here, and not by those who use
 * them, because EVENT_CHANGES keeps a message only for consumers that exist when it arrives.
 */
export async function ensureStreams({ manager }: Queue, limits: StreamLimits): Promise<void> {
  const streams = [
    {
      ...EVENTS,
      retention: RetentionPolicy.Workqueue,
      max_bytes: limits.eventsBytes + HEADROOM_BYTES,
      discard: DiscardPolicy.New,
    },
    {
      ...EVENT_CHANGES,
      retention: RetentionPolicy.Interest,
      max_bytes: limits.changesBytes + HEADROOM_BYTES,
      discard: DiscardPolicy.New,
    },
    {
      ...EVENT_ERRORS,
      retention: RetentionPolicy.Workqueue,
      max_bytes: limits.errorsBytes,
      discard: DiscardPolicy.Old,
    },
  ];
  for (const { stream, subject, consumers, retention, max_bytes, discard } of streams) {
    const config: Partial<StreamConfig> = {
      subjects: [subject],
      retention,
      max_bytes,
      storage: StorageType.File,
      num_replicas: limits.replicas ?? 1,
      discard,
      duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    };
    if (await exists(manager, stream)) await manager.streams.update(stream, config);
    else await manager.streams.add({ name: stream, ...config });
    for (const consumer of consumers) await manager.consumers.add(stream, durable(consumer, stream));
  }
}

const NO_STREAM = 404;

/** Asked for each by its name: who may list streams would learn of all that there are. */
async function exists(manager: JetStreamManager, stream: string): Promise<boolean> {
  try {
    await manager.streams.info(stream);
    return true;
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.code === NO_STREAM) return false;
    throw error;
  }
}

/**
 * How many messages of each stream a consumer may have in hand, all replicas together: that bounds what it holds in memory. One of
 * changes has 512 KiB where events were stored, and 1 MiB where they were changed, at most; so has one of errors.
 */
const MAX_UNACKNOWLEDGED: Readonly<Record<string, number>> = {
  [EVENTS.stream]: 128,
  [EVENT_CHANGES.stream]: 64,
  [EVENT_ERRORS.stream]: 32,
};

function durable(name: string, stream: string): Partial<ConsumerConfig> {
  return {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: MAX_UNACKNOWLEDGED[stream]!,
    max_deliver: -1,
  };
}

/** Waits until a durable consumer exists: the ingest service creates it when it starts. */
export async function awaitConsumer(
  { manager }: Queue,
  stream: string,
  consumer: string,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<void> {
  await retryUntil(signal, () => manager.consumers.info(stream, consumer), {
    report: (error) => log.warn(`waiting for the consumer ${consumer} of ${stream}: ${error.message}`),
    everyMs: 250,
  });
}
