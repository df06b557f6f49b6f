import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { ErrorStage, Transport } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { type ConsumerContext, consumeBatches, isToBeReadAgain } from "@ocellus/runtime/message-batches.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { EVENTS } from "@ocellus/runtime/streams.ts";
import { microsOf } from "@ocellus/wire/timestamp.ts";
import type { JsMsg } from "nats";
import type { Pool } from "pg";
import { changesOf, stored } from "../changes-of.ts";
import { type Announcement, OutboxMessage } from "../entities/outbox-message.ts";
import { keepInTable } from "../errors/keep-in-table.ts";
import { refusedEvent } from "../errors/refused-event.ts";
import { uuidOf } from "../identify-event.ts";
import { type EventToStore, insertEvents, toStore } from "../insert-events.ts";
import { countDuplicates, countFailed, countStored } from "../metrics.ts";
import type { Outbox } from "../outbox.ts";
import { ensurePartitions } from "../partitions/ensure-partitions.ts";
import { isPoison, refusalOf } from "../poison.ts";
import { readKeptFrom } from "../retention/kept-from.ts";
import { tooOld } from "../retention/too-old.ts";
import { storeByCopy } from "../store-by-copy.ts";
import { signalStored } from "../watch/stored-signal.ts";
import { type QueuedEvent, readAccepted } from "../wire/read-accepted.ts";

/** What the storing consumer works with. */
export interface StoreEventsOptions extends ConsumerContext {
  outbox: Outbox;
  /** For storing alone. */
  pool: Pool;
  /** How many bytes of errors the table may hold. */
  errorsMaxBytes: number;
}

const SOURCE = { stream: EVENTS.stream, consumer: "store-events", max: 64, paceMs: 100 };
const MAX_EVENTS = 5000;

/**
 * Stores accepted events until the signal aborts, and announces those that are new. A redelivered event is there already and
 * changes nothing.
 */
export function storeEvents(options: StoreEventsOptions): Promise<void> {
  return consumeBatches(options, SOURCE, async (messages) => {
    const events: QueuedEvent[] = [];
    for (const message of messages) events.push(...(await read(message, options)));
    for (let start = 0; start < events.length; start += MAX_EVENTS) {
      await store(events.slice(start, start + MAX_EVENTS), options);
    }
  });
}

/** The events in a message. Throws where it cannot be read, for it to come again; the last time it is kept as an error. */
async function read(message: JsMsg, options: StoreEventsOptions): Promise<QueuedEvent[]> {
  try {
    return readAccepted(Buffer.from(message.data.buffer, message.data.byteOffset, message.data.byteLength));
  } catch (error) {
    if (isToBeReadAgain(message)) throw error;
    options.log.error({ err: error, seq: message.seq }, "a message of EVENTS cannot be read; it is kept as an error");
    const { streamSequence, timestampNanos } = message.info;
    await keepError(options, { id: uuidOf([streamSequence, timestampNanos]), payload: message.data, error });
    return [];
  }
}

/** Stores events, and splits them where PostgreSQL refuses one, until that one stands alone and becomes an error. */
async function store(events: QueuedEvent[], options: StoreEventsOptions): Promise<void> {
  const { em, outbox, log } = options;
  let messages: Announcement[];
  try {
    await ensurePartitions(
      em,
      events.map(({ event }) => event.time.seconds),
    );
    messages = (await storeNew(events, options)) ?? (await storeUnknown(events, options));
  } catch (error) {
    if (!isPoison(error)) throw error;
    const [only] = events;
    if (only && events.length === 1) {
      log.warn({ err: error, eventId: decoded(only).event.id }, "PostgreSQL refused an event; it is kept as an error");
      return keepEvent(only, error, options);
    }
    const middle = Math.ceil(events.length / 2);
    await store(events.slice(0, middle), options);
    return store(events.slice(middle), options);
  }
  await outbox
    .publish(em, messages)
    .catch((error) => log.warn({ err: error }, "changes are stored and not yet announced; the sweep will do it"));
}

async function storeNew(
  events: QueuedEvent[],
  { pool, queue }: StoreEventsOptions,
): Promise<Announcement[] | undefined> {
  const messages = await storeByCopy(pool, events);
  if (!messages) return undefined;
  signalStored(queue);
  countStored(events.length);
  return messages;
}

function decoded({ event, receiveTime }: QueuedEvent): EventToStore {
  return toStore(decode(EventSchema, event.encoded()), microsOf(receiveTime));
}

/**
 * One transaction: the events that are neither stored nor deleted, and the messages that announce them. Those that are older than events
 * are kept become errors.
 */
async function storeUnknown(events: QueuedEvent[], options: StoreEventsOptions): Promise<Announcement[]> {
  const { em, queue } = options;
  const { count, messages, keptFrom } = await em.fork().transactional(async (tx) => {
    const keptFrom = await readKeptFrom(tx);
    const kept = events.filter(({ event }) => microsOf(event.time) >= keptFrom);
    const { events: fresh, transactionId } = await insertEvents(tx, kept.map(decoded));
    const changes = fresh.map(({ event, timestamp }) =>
      stored({ ...event, namespace: event.namespace ?? "", timestamp }),
    );
    const messages = changesOf(transactionId, changes);
    if (messages.length > 0) await tx.insertMany(OutboxMessage, messages);
    return { count: fresh.length, messages, keptFrom };
  });
  if (count > 0) signalStored(queue);
  countStored(count);
  const old = events.filter(({ event }) => microsOf(event.time) < keptFrom);
  for (const event of old) await keepEvent(event, tooOld(microsOf(event.event.time), keptFrom), options);
  countDuplicates(events.length - old.length - count);
  return messages;
}

/** Keeps an event as an error. A client that was not answered sends it again, with the same content: that is one error. */
function keepEvent(queued: QueuedEvent, error: unknown, options: StoreEventsOptions): Promise<void> {
  const id = uuidOf([queued.event.encoded().toString("base64")]);
  return keepError(options, { id, event: decoded(queued).event, error });
}

/** Keeps what could not be stored, under an id that is the same when its message comes again. */
async function keepError(
  { em, errorsMaxBytes }: StoreEventsOptions,
  { id, error, ...sent }: { id: string; error: unknown; event?: Event; payload?: Uint8Array },
): Promise<void> {
  const facts = { code: Code.INVALID_ARGUMENT, reason: ErrorReason.EVENT_NOT_STORABLE };
  const message = isPoison(error) ? refusalOf(error) : "What came from the queue cannot be read as events";
  const status = toStatus(error instanceof ServiceError ? error : new ServiceError(message, facts));
  const source = { transport: Transport.UNSPECIFIED, peer: "", address: "" };
  const refused = refusedEvent({ ...sent, stage: ErrorStage.STORING, status, source });
  await keepInTable(em, [{ ...refused, id }], errorsMaxBytes);
  countFailed(1);
}
