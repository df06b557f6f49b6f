import type { EntityManager } from "@mikro-orm/postgresql";
import { EventChangesSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { consumeBatches } from "@ocellus/runtime/message-batches.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import type { Micros } from "@ocellus/runtime/time.ts";
import type { Logger } from "pino";
import { foldChanges } from "../fold-changes.ts";
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

/** Folds changes of events into sessions until the signal aborts. The inbox makes each change count exactly once. */
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
      await foldChanges(tx, unseen, idleTimeout);
      return unseen.reduce((sum, { changes }) => sum + changes.length, 0);
    });
    countFolded(folded);
  });
}
