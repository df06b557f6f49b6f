import { setTimeout as sleep } from "node:timers/promises";
import type { EntityManager } from "@mikro-orm/postgresql";
import { sendingFacts, traceHeaders } from "@ocellus/runtime/message-traces.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import { traceTogether } from "@ocellus/runtime/trace-together.ts";
import { currentSpan } from "@ocellus/runtime/tracing.ts";
import type { Logger } from "pino";
import { type Announcement, OutboxMessage } from "./entities/outbox-message.ts";
import type { StreamRoom } from "./stream-room.ts";

/** A message is left to whoever wrote it for so long; after that the sweep takes it. */
const SWEEP_AFTER_MS = 2000;
const SWEEP_EVERY_MS = 1000;
const SWEEP_MAX = 100;

/**
 * What was acknowledged so shortly before NATS was lost is sent again: a NATS that is told to stop stops the consumers first, and what is
 * published then it acknowledges and keeps for nobody (nats-server 2.9.10).
 */
const DOUBTED_MS = 2000;

/** Announces committed changes: publishes messages of the outbox, and deletes each after its PubAck. */
export class Outbox {
  readonly #queue: Queue;
  readonly #room: StreamRoom;
  /** What was acknowledged lately, oldest first. */
  #recent: { at: number; message: Announcement }[] = [];
  /** The loss of NATS after which that was sent again. */
  #resentAfter: number | undefined;

  constructor(queue: Queue, room: StreamRoom) {
    this.#queue = queue;
    this.#room = room;
  }

  /** Publishes messages that are committed. What is not acknowledged stays for the sweep. */
  async publish(em: EntityManager, messages: Announcement[]): Promise<void> {
    if (messages.length === 0 || !this.#queue.connected()) return;
    if (!this.#room.has()) throw new Error(`The stream ${EVENT_CHANGES.stream} is full`);
    for (const { payload } of messages) this.#room.take(payload.length);
    const outcomes = await traceTogether(sendingFacts(EVENT_CHANGES.stream), [currentSpan()], () =>
      Promise.allSettled(messages.map((message) => this.#send(message))),
    );
    const acknowledged = messages.filter((_, index) => outcomes[index]?.status === "fulfilled");
    this.#remember(acknowledged);
    const published = acknowledged.map(({ id }) => id);
    if (published.length > 0) await em.fork().nativeDelete(OutboxMessage, { id: { $in: published } });
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure) throw failure.reason;
  }

  #remember(messages: Announcement[]): void {
    const at = performance.now();
    if (this.#queue.lostAt() === this.#resentAfter) {
      this.#recent = this.#recent.filter((one) => one.at > at - DOUBTED_MS);
    }
    this.#recent.push(...messages.map((message) => ({ at, message })));
  }

  /** Sends again what NATS may have forgotten as it stopped. Throws where that is not acknowledged. */
  async #resendDoubted(): Promise<void> {
    const lostAt = this.#queue.lostAt();
    if (lostAt === this.#resentAfter || lostAt === undefined) return;
    const doubted = this.#recent.filter(({ at }) => at > lostAt - DOUBTED_MS);
    await Promise.all(doubted.map(({ message }) => this.#send(message)));
    this.#resentAfter = lostAt;
  }

  /** What a sweep sends is a part of no trace: the table does not keep whose it is. */
  #send({ id, payload }: Announcement): Promise<unknown> {
    const headers = traceHeaders();
    const options = { msgID: id, ...(headers && { headers }) };
    return this.#queue.jetstream.publish(EVENT_CHANGES.subject, payload, options);
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
        if (this.#queue.connected()) await this.#resendDoubted();
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
