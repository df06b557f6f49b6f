import { setTimeout as sleep } from "node:timers/promises";
import type { EntityManager } from "@mikro-orm/postgresql";
import { type JsMsg, NatsError } from "nats";
import type { Logger } from "pino";
import { processingFacts, sendersOf } from "./message-traces.ts";
import type { Queue } from "./nats.ts";
import { retryUntil } from "./retry.ts";
import { ACK_WAIT_MS } from "./streams.ts";
import { traceTogether } from "./trace-together.ts";

/** What every consumer works with. */
export interface ConsumerContext {
  queue: Queue;
  em: EntityManager;
  log: Logger;
  /** Ends the consumer. */
  signal: AbortSignal;
}

/** Where messages come from, and how many are taken at once. */
export interface BatchSource {
  stream: string;
  consumer: string;
  /** The most messages in one batch. */
  max: number;
  /** The most messages that are held besides; more go back to the stream for a moment. Default: what the consumer may have. */
  maxWaiting?: number;
  /**
   * How long after another a batch that is not full begins, in milliseconds: under load fewer and larger transactions do the same
   * work for less. Without it a consumer is at rest more often. Default: 0.
   */
  paceMs?: number;
}

/** How long a batch that is not full waits for more. */
const LINGER_MS = 5;

/**
 * How long a request for messages counts. Where NATS is back and its JetStream not yet, the client tries again only after as long (nats 2.29,
 * half a minute otherwise), and meanwhile nothing is handled.
 */
const REQUEST_EXPIRES_MS = 5000;

/** How long a message that could not be handled waits for its next try. */
const RETRY_DELAY_MS = 1000;

/** How often a message is read that cannot be read. */
const READ_TRIES = 3;

/** Whether a message that cannot be read is to come again: it may have been whole, and garbled on its way here. */
export function isToBeReadAgain(message: JsMsg): boolean {
  return message.info.deliveryCount < READ_TRIES;
}

/**
 * Hands every message of a durable consumer to `handle`, in batches, one after another, until the signal aborts. A batch
 * is acknowledged when `handle` is done, and comes again when it throws: `handle` must bear redelivery. Throws where NATS does not let
 * us read what it hands out.
 */
export async function consumeBatches(
  { queue, log, signal }: Omit<ConsumerContext, "em">,
  { stream, consumer: name, max, maxWaiting = Number.POSITIVE_INFINITY, paceMs = 0 }: BatchSource,
  handle: (batch: JsMsg[]) => Promise<void>,
): Promise<void> {
  const consumer = await retryUntil(signal, () => queue.jetstream.consumers.get(stream, name), {
    // What NATS does not let us ask comes back by no waiting.
    when: (error) => !(error instanceof NatsError && error.isPermissionError()),
    report: (error) => log.warn(`cannot look at ${name}: ${error.message}`),
  });
  const waiting: JsMsg[] = [];
  let wake = () => {};
  const messages = await retryUntil(
    signal,
    () =>
      consumer.consume({
        max_messages: max,
        expires: REQUEST_EXPIRES_MS,
        callback: (message) => {
          if (waiting.length >= maxWaiting) return message.nak(RETRY_DELAY_MS);
          waiting.push(message);
          wake();
        },
      }),
    { report: (error) => log.warn(`cannot consume ${name}: ${error.message}`) },
  );
  const onAbort = () => {
    messages.stop();
    wake();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  // NATS does not let us read any more what it sends us, and that comes back by no waiting.
  let failure: Error | undefined;
  messages.closed().then((reason) => {
    failure = reason || undefined;
    wake();
  });

  const arrival = (withinMs?: number) =>
    new Promise<void>((resolve) => {
      const timer = withinMs === undefined ? undefined : setTimeout(resolve, withinMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  let inHand: JsMsg[] = [];
  let begun = 0;
  // An outage is told when it begins and when it ends, and not with every try.
  let failing = false;
  const working = setInterval(() => {
    for (const message of [...inHand, ...waiting]) message.working();
  }, ACK_WAIT_MS / 3);

  while (!signal.aborted && !failure) {
    if (waiting.length === 0) {
      await arrival();
      continue;
    }
    const deadline = Math.max(Date.now() + LINGER_MS, begun + paceMs);
    const left = () => deadline - Date.now();
    while (waiting.length < max && !signal.aborted && left() > 0) await arrival(Math.max(0, left()));
    inHand = waiting.splice(0, max);
    begun = Date.now();
    try {
      const batch = inHand;
      await traceTogether(processingFacts(stream, name, batch.length), sendersOf(batch), () => handle(batch));
      for (const message of inHand) message.ack();
      if (failing) log.info(`${name} goes on`);
      failing = false;
    } catch (error) {
      if (!failing) log.error({ err: error }, `${name} failed, and tries again until it succeeds`);
      failing = true;
      for (const message of inHand) message.nak(RETRY_DELAY_MS);
      await sleep(RETRY_DELAY_MS, undefined, { signal }).catch(() => {});
    }
    inHand = [];
  }
  clearInterval(working);
  // What was fetched and not handled goes to another replica at once, and not after the ack timeout.
  for (const message of waiting) message.nak();
  signal.removeEventListener("abort", onAbort);
  await messages.close();
  await queue.connection.flush().catch(() => {});
  if (failure) throw failure;
}
