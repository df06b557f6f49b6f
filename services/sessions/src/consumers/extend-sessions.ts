import { type ConsumerContext, consumeBatches } from "@ocellus/runtime/message-batches.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import type { Micros } from "@ocellus/runtime/time.ts";
import { ChangesMessage } from "@ocellus/wire/read-changes.ts";
import { collectChanges } from "../collect-changes.ts";
import { foldChanges } from "../fold-changes.ts";
import { takeUnseen } from "../inbox.ts";
import { countFolded } from "../metrics.ts";

const SOURCE = { stream: EVENT_CHANGES.stream, consumer: "extend-sessions", max: 32, paceMs: 100 };

/** Folds changes of events into sessions until the signal aborts. The inbox makes each change count exactly once. */
export function extendSessions(context: ConsumerContext, idleTimeout: Micros): Promise<void> {
  return consumeBatches(context, SOURCE, async (messages) => {
    const batch = messages.map(({ data }) => new ChangesMessage(data));
    const folded = await context.em.fork().transactional(async (tx) => {
      const unseen = await takeUnseen(tx, batch);
      await foldChanges(tx, collectChanges(unseen, idleTimeout), idleTimeout);
      return unseen.reduce((sum, { count }) => sum + count, 0);
    });
    countFolded(folded);
  });
}
