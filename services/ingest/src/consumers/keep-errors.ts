import type { EventError } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { RefusedEventsSchema } from "@ocellus/proto/ocellus/ingest/v1/refused_events_pb.ts";
import { type ConsumerContext, consumeBatches, isToBeReadAgain } from "@ocellus/runtime/message-batches.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
import { EVENT_ERRORS } from "@ocellus/runtime/streams.ts";
import type { JsMsg } from "nats";
import { keepInTable } from "../errors/keep-in-table.ts";
import { noteHandled } from "../errors/watch-dropped.ts";
import { countErrorsLost } from "../metrics.ts";
import { isPoison } from "../poison.ts";

/** What the consumer that keeps errors works with. */
export interface KeepErrorsOptions extends ConsumerContext {
  /** How many bytes the table may hold. */
  maxBytes: number;
}

/** A message has up to 1 MiB, and one that the stream threw away no longer counts as unacknowledged. */
const SOURCE = { stream: EVENT_ERRORS.stream, consumer: EVENT_ERRORS.consumers[0], max: 16, maxWaiting: 32 };

/** Keeps refused events until the signal aborts. A redelivered error is there already: its id was made at the door. */
export function keepErrors(options: KeepErrorsOptions): Promise<void> {
  return consumeBatches(options, SOURCE, (messages) => keep(messages, options));
}

/** Keeps the errors of messages together, or where PostgreSQL refuses one of them each by itself. */
async function keep(messages: JsMsg[], options: KeepErrorsOptions): Promise<void> {
  const read = messages.map((message) => errorsIn(message, options));
  try {
    await keepInTable(options.em, read.flat(), options.maxBytes, async (tx, fresh) => {
      const ids = new Set(fresh.map(({ id }) => id));
      const isNew = (errors: EventError[]) => errors.length === 0 || errors.some(({ id }) => ids.has(id));
      await noteHandled(tx, read.filter(isNew).length);
    });
  } catch (error) {
    if (!isPoison(error)) throw error;
    for (const one of read.flat()) await keepAlone(one, options);
    await noteHandled(options.em.fork(), messages.length);
  }
}

async function keepAlone(refused: EventError, { em, log, maxBytes }: KeepErrorsOptions): Promise<void> {
  try {
    await keepInTable(em, [refused], maxBytes);
  } catch (error) {
    if (!isPoison(error)) throw error;
    countErrorsLost(1);
    log.error({ err: error, id: refused.id }, "PostgreSQL refused to keep a refused event");
  }
}

function errorsIn(message: JsMsg, { log }: KeepErrorsOptions): EventError[] {
  try {
    return decode(RefusedEventsSchema, message.data).eventErrors;
  } catch (error) {
    if (isToBeReadAgain(message)) throw error;
    countErrorsLost(1);
    log.error({ err: error, seq: message.seq }, "a message of EVENT_ERRORS cannot be read");
    return [];
  }
}
