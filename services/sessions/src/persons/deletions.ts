import { Person } from "../entities/person.ts";
import { countDeletion } from "../metrics.ts";
import type { PersonContext } from "./person-context.ts";
import { removeSessions } from "./remove-sessions.ts";

/** A million events are purged in less. A purge that takes longer is started again, and goes on where it was. */
const PURGE_TIMEOUT_MS = 600_000;

/** Finishes the deletions of persons, each once at a time in this process; another process that does the same does no harm. */
export class Deletions {
  readonly #context: PersonContext;
  readonly #running = new Map<string, Promise<void>>();

  constructor(context: PersonContext) {
    this.#context = context;
  }

  /** Takes a deletion that was marked to its end. Every step may be made again, so that a crash between any two costs nothing. */
  finish(id: string): Promise<void> {
    const running = this.#running.get(id) ?? this.#finish(id).finally(() => this.#running.delete(id));
    this.#running.set(id, running);
    return running;
  }

  /** Resolves when no deletion is under way in this process. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  async #finish(id: string): Promise<void> {
    const { em, events, signal } = this.#context;
    const person = await em.fork().findOne(Person, { id, deleteTime: { $ne: null } });
    if (!person) return;
    const { namespace } = person;
    await events.purgeEvents({ namespace, personId: id }, { timeoutMs: PURGE_TIMEOUT_MS, signal });
    await removeSessions(this.#context, { namespace, personId: id });
    const removed = await em.fork().nativeDelete(Person, { id, deleteTime: { $ne: null } });
    countDeletion(removed);
  }
}
