import { setTimeout as sleep } from "node:timers/promises";
import type { EntityManager } from "@mikro-orm/postgresql";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import type { Logger } from "pino";
import { type Announcement, OutboxMessage } from "./entities/outbox-message.ts";
import type { StreamRoom } from "./stream-room.ts";

/** A message is left to whoever wrote it for so long; after that the sweep takes it. */
const SWEEP_AFTER_MS = 2000;
const SWEEP_EVERY_MS = 1000;
const SWEEP_MAX = 100;

/** Announces committed changes: publishes messages of the outbox, and deletes each after its PubAck. */
export class Outbox {
  readonly #queue: Queue;
  readonly #room: StreamRoom;

  constructor(queue: Queue, room: StreamRoom) {
    this.#queue = queue;
    this.#room = room;
  }

  /** Publishes messages that are committed. What is not acknowledged stays for the sweep. */
  async publish(em: EntityManager, messages: Announcement[]): Promise<void> {
    if (messages.length === 0 || !this.#queue.connected()) return;
    if (!this.#room.has()) throw new Error(`The stream ${EVENT_CHANGES.stream} is full`);
    for (const { payload } of messages) this.#room.take(payload.length);
    const outcomes = await Promise.allSettled(
      messages.map(({ id, payload }) => this.#queue.jetstream.publish(EVENT_CHANGES.subject, payload, { msgID: id })),
    );
    const published = messages.filter((_, index) => outcomes[index]?.status === "fulfilled").map(({ id }) => id);
    if (published.length > 0) await em.fork().nativeDelete(OutboxMessage, { id: { $in: published } });
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure) throw failure.reason;
  }

  /**
   * Publishes what a crash, or a NATS that was away, left behind. A message that its writer publishes at the same moment has
   * the same Nats-Msg-Id, and its consumers know it by its id, so that twice is harmless.
   */
  async sweep(em: EntityManager, signal: AbortSignal, log: Logger): Promise<void> {
    while (!signal.aborted) {
      await sleep(SWEEP_EVERY_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        while (this.#queue.connected() && (await this.#sweepOnce(em)) === SWEEP_MAX && !signal.aborted);
      } catch (error) {
        log.warn({ err: error }, "the outbox could not be swept; it is tried again");
      }
    }
  }

  async #sweepOnce(em: EntityManager): Promise<number> {
    const createTime = { $lt: new Date(Date.now() - SWEEP_AFTER_MS) };
    const left = await em
      .fork()
      .find(OutboxMessage, { createTime }, { orderBy: { createTime: "asc" }, limit: SWEEP_MAX });
    await this.publish(em, left);
    return left.length;
  }
}
