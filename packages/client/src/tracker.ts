import { Code } from "@connectrpc/connect";
import { Delivery, type Tries } from "./delivery.ts";
import { decodeEvent, encodeEvent, idOf } from "./encode-event.ts";
import { type Counts, dropped, Ledger } from "./ledger.ts";
import type { NewEvent, Outcome } from "./outcome.ts";
import { problemOf } from "./problem.ts";
import type { BatchSender } from "./send-batch.ts";
import { settledWithin } from "./settled-within.ts";
import { limitsOf, type TrackerOptions } from "./tracker-options.ts";

/** What a closed tracker leaves. */
export interface CloseReport extends Counts {
  /**
   * The events that it could not deliver in time, oldest first, counted as dropped. Tracked again as they are, by this process or
   * another, each is stored once.
   */
  undelivered: NewEvent[];
}

const CLOSE_WITHIN_MS = 10_000;

/**
 * Sends events in batches, and sends again what was not answered, for as long as it lives: no event is given up before `close`,
 * unless there was no room for it or `maxAgeMs` says so. Each event has one id and one timestamp in all tries, so that it is
 * stored once.
 *
 * While events are pending the process stays alive. Without any it ends as if there were no tracker.
 */
export class Tracker implements AsyncDisposable {
  readonly #ledger: Ledger;
  readonly #delivery: Delivery;
  readonly #cutOff = Promise.withResolvers<void>();
  #closing: Promise<CloseReport> | undefined;

  /**
   * Makes a tracker. Throws RangeError where an option is out of its bounds.
   *
   * @param sender the client `ingest` of `createClients`
   */
  constructor(sender: BatchSender, options: TrackerOptions = {}) {
    const limits = limitsOf(options);
    this.#ledger = new Ledger(limits, options.onOutcome);
    this.#delivery = new Delivery(sender, limits, this.#ledger, options.onRetry);
  }

  /**
   * Takes an event to be sent. Returns at once and never throws. The promise never rejects: it tells what became of the event, and
   * need not be awaited. The event is copied.
   */
  track(event: NewEvent): Promise<Outcome> {
    const id = idOf(event);
    let bytes: Uint8Array;
    try {
      bytes = encodeEvent(event, id);
    } catch (error) {
      const problem = { ...problemOf(error), code: Code.InvalidArgument, reason: "INVALID_EVENT" };
      return this.#settled({ outcome: "refused", id, problem, event, mayBeStored: false });
    }
    const why = this.#ledger.objection(bytes.length);
    if (why) return this.#settled(dropped(id, why, decodeEvent(bytes), false));
    const pending = this.#ledger.add(id, bytes);
    this.#delivery.add(pending);
    return pending.outcome;
  }

  /**
   * Resolves when there is room for an event of any size: `await tracker.ready()` before each `track` slows a producer down to what
   * Ocellus takes. Those that wait are let in one by one. Resolves, too, when the tracker is closed.
   */
  ready(): Promise<void> {
    return this.#ledger.ready();
  }

  /**
   * Sends what waits for others to travel with. Resolves when each event that was tracked before has its outcome, or after
   * `timeoutMs`, with the counts of the tracker's whole life. Never rejects.
   */
  async flush(timeoutMs = Number.POSITIVE_INFINITY): Promise<Counts> {
    this.#delivery.flush();
    await settledWithin(this.#outcomes(), timeoutMs);
    return this.#ledger.counts();
  }

  /**
   * Takes no more events, sends what is pending for up to `timeoutMs`, and tells what is left. Batches that wait for another try
   * are sent at once. May be called again, also while it runs: the answer is the same, and the earliest end holds. Never rejects.
   */
  close(timeoutMs = CLOSE_WITHIN_MS): Promise<CloseReport> {
    this.#closing ??= this.#close();
    void settledWithin(this.#closing, timeoutMs).then(this.#cutOff.resolve);
    return this.#closing;
  }

  async #close(): Promise<CloseReport> {
    this.#ledger.close();
    this.#delivery.flush();
    this.#delivery.hurry();
    await Promise.race([this.#outcomes(), this.#cutOff.promise]);
    const left = this.#ledger.pending();
    for (const event of left) this.#ledger.drop(event, "CLOSED");
    this.#delivery.stop();
    return { ...this.#ledger.counts(), undelivered: left.map(({ bytes }) => decodeEvent(bytes)) };
  }

  /** Closes it. What it could not deliver is told to `onOutcome` alone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What became of all events so far. */
  counts(): Counts {
    return this.#ledger.counts();
  }

  /** The counts, and what metrics and logs tell besides. */
  state(): Counts & Tries & { pendingBytes: number } {
    return { ...this.#ledger.counts(), ...this.#delivery.tries(), pendingBytes: this.#ledger.pendingBytes() };
  }

  #settled(outcome: Outcome): Promise<Outcome> {
    this.#ledger.note(outcome);
    return Promise.resolve(outcome);
  }

  #outcomes(): Promise<unknown> {
    return Promise.all(this.#ledger.pending().map(({ outcome }) => outcome));
  }
}
