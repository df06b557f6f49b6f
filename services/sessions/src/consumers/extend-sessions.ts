import type { EntityManager } from "@mikro-orm/postgresql";
import { ChangeType, EventChangesSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { consumeBatches } from "@ocellus/runtime/message-batches.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import { type Micros, microsOf } from "@ocellus/runtime/time.ts";
import type { Logger } from "pino";
import { foldByPerson } from "../fold-by-person.ts";
import { type ChangedEvent, foldNamed } from "../fold-named.ts";
import { takeUnseen } from "../inbox.ts";
import { countFolded } from "../metrics.ts";

/** What the consumer works with. */
export interface ExtendSessionsOptions {
  queue: Queue;
  em: EntityManager;
  idleTimeout: Micros;
  log: Logger;
  signal: AbortSignal;
}

const MAX_MESSAGES = 32;
const LINGER_MS = 5;

/** Folds stored events into sessions until the signal aborts. The inbox makes each change count exactly once. */
export function extendSessions({ queue, em, idleTimeout, log, signal }: ExtendSessionsOptions): Promise<void> {
  const source = {
    stream: EVENT_CHANGES.stream,
    consumer: "extend-sessions",
    max: MAX_MESSAGES,
    lingerMs: LINGER_MS,
    signal,
    log,
  };
  return consumeBatches(queue, source, async (messages) => {
    const batch = messages.map(({ data }) => decode(EventChangesSchema, data));
    const folded = await em.fork().transactional(async (tx) => {
      const unseen = await takeUnseen(tx, batch);
      const events = unseen.flatMap(({ changes }) => changes).flatMap(storedEvent);
      await foldNamed(tx, events);
      await foldByPerson(tx, events, idleTimeout);
      return events.length;
    });
    countFolded(folded);
  });
}

function storedEvent(change: ChangedEvent["change"]): ChangedEvent[] {
  if (change.type !== ChangeType.STORED || !change.timestamp) return [];
  return [{ change, time: microsOf(change.timestamp) }];
}
