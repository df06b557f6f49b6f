import { setTimeout as sleep } from "node:timers/promises";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { retryUntil } from "@ocellus/runtime/retry.ts";
import type { Logger } from "pino";

const LOOK_EVERY_MS = 100;

/** What NATS adds to each message in its file, at most: subject, headers, time, checksum. */
const RECORD_BYTES = 256;

/**
 * Knows whether a stream has room for more, below its limit of bytes. NATS has a limit, too, but must never come to it: where all
 * of a message fits and the header of its record does not, nats-server 2.9 takes the message and throws away the oldest, though the
 * stream is told to refuse what is new.
 */
export class StreamRoom {
  readonly #stream: string;
  readonly #maxBytes: number;
  /** What the stream held when it was looked at. */
  #held = 0;
  /** What was published since that look began, and between it and the look before: NATS may not have counted that yet. */
  #since = 0;
  #before = 0;

  constructor(stream: string, maxBytes: number) {
    this.#stream = stream;
    this.#maxBytes = maxBytes;
  }

  /** Whether a message may be published. One may lead beyond the limit. */
  has(): boolean {
    return this.#held + this.#since + this.#before < this.#maxBytes;
  }

  /** Notes that a message is published. */
  take(bytes: number): void {
    this.#since += bytes + RECORD_BYTES;
  }

  /** Looks at the stream for the first time. Waits for NATS. */
  async open(queue: Queue, signal: AbortSignal, log: Logger): Promise<void> {
    await retryUntil(signal, () => this.#look(queue), {
      report: (error) => log.warn(`the stream ${this.#stream} cannot be looked at: ${error.message}`),
    });
  }

  /** Looks at the stream, while there is anything in it, until the signal aborts. Without an answer nothing is taken as gone. */
  async watch(queue: Queue, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
      if (this.#held + this.#since + this.#before > 0 && queue.connected()) await this.#look(queue).catch(() => {});
    }
  }

  async #look({ manager }: Queue): Promise<void> {
    const since = this.#since;
    const { bytes } = (await manager.streams.info(this.#stream)).state;
    this.#held = bytes;
    this.#before = since;
    this.#since -= since;
  }
}
