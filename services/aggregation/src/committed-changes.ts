import type { EntityManager } from "@mikro-orm/postgresql";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { reached } from "@ocellus/runtime/reached-queue.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import { unannouncedChanges } from "./unannounced-changes.ts";

/** Where changes wait: to be announced, and to be marked. */
export interface ChangesContext {
  em: EntityManager;
  queue: Queue;
}

/** The changes of events that were committed at some moment, on their way to be marked. */
export class CommittedChanges {
  readonly #context: ChangesContext;
  /** The newest that was not announced then; null where all were. */
  readonly #newest: string | null;
  /** The last message of EVENT_CHANGES once all were announced. */
  #sequence: number | undefined;

  private constructor(context: ChangesContext, newest: string | null) {
    this.#context = context;
    this.#newest = newest;
  }

  /** Those that are committed now. */
  static async untilNow(context: ChangesContext): Promise<CommittedChanges> {
    const { newest } = await unannouncedChanges(context.em);
    return new CommittedChanges(context, newest);
  }

  /** How many messages about them are waited for: 0 once all of them are marked. Throws UNAVAILABLE where NATS cannot be reached. */
  async waiting(): Promise<number> {
    const { em, queue } = this.#context;
    if (this.#sequence === undefined) {
      const { count } = this.#newest === null ? { count: 0 } : await unannouncedChanges(em, this.#newest);
      if (count > 0) return count;
      const { state } = await reached(queue, () => queue.manager.streams.info(EVENT_CHANGES.stream));
      this.#sequence = state.last_seq;
    }
    // Asked for after the stream's state, so that none of its messages is missing where nothing waits.
    const info = await reached(queue, () => queue.manager.consumers.info(EVENT_CHANGES.stream, "mark-buckets"));
    if (info.num_pending === 0 && info.num_ack_pending === 0) return 0;
    return Math.max(0, this.#sequence - info.ack_floor.stream_seq);
  }
}
