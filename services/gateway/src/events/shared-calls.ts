import { traceTogether } from "@ocellus/runtime/trace-together.ts";
import { currentSpan, type Span } from "@ocellus/runtime/tracing.ts";
import { Growing } from "@ocellus/wire/growing.ts";
import type { Result } from "./results.ts";

/** Calls with the events of many callers. More are made only where an event would wait for too long. */
const MAX_IN_FLIGHT = 2;
/** How long an event may wait for a call to end. */
const MAX_WAIT_MS = 25;
/** How much one call carries at most: far below the limits of a batch. */
const MAX_EVENTS = 500;
const MAX_BYTES = 1024 * 1024;

const TRACED = { name: "share a call", kind: "internal" } as const;

/** One who waits for the result of an event. */
type Waiting = PromiseWithResolvers<Result> & { span: Span | undefined };

/** Sends an encoded BatchTrackEventsRequest, and answers a result for each of its events. */
export type Send = (request: Buffer) => Promise<Result[]>;

/**
 * Lets events of several callers travel together: those of one turn of the event loop, and while calls are under way those that
 * come until one ends. Each caller gets the result of its own event, or the error of the call.
 */
export class SharedCalls {
  readonly #send: Send;
  readonly #request = new Growing();
  #callers: Waiting[] = [];
  #inFlight = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: Send) {
    this.#send = send;
  }

  /**
   * Takes an event along.
   *
   * @param write writes it as field 1 of the request, or answers false and writes nothing
   * @returns its result, to come; undefined where it was not written
   */
  add(write: (out: Growing) => boolean): Promise<Result> | undefined {
    if (!write(this.#request)) return undefined;
    const caller = { ...Promise.withResolvers<Result>(), span: currentSpan() };
    this.#callers.push(caller);
    if (this.#callers.length === MAX_EVENTS || this.#request.length > MAX_BYTES) this.#go();
    else if (this.#callers.length === 1) setImmediate(() => this.#endTurn());
    return caller.promise;
  }

  #endTurn(): void {
    if (this.#callers.length === 0) return;
    if (this.#inFlight < MAX_IN_FLIGHT) this.#go();
    else this.#timer ??= setTimeout(() => this.#go(), MAX_WAIT_MS);
  }

  /** Sends what has come so far. */
  #go(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#callers.length === 0) return;
    const callers = this.#callers;
    this.#callers = [];
    void this.#call(this.#request.take(), callers);
  }

  /** Never rejects. */
  async #call(request: Buffer, callers: Waiting[]): Promise<void> {
    this.#inFlight++;
    try {
      const spans = callers.map(({ span }) => span);
      const results = await traceTogether(TRACED, spans, () => this.#send(request));
      if (results.length !== callers.length) {
        throw new Error(`${callers.length} events were sent, and ${results.length} results came back`);
      }
      for (const [index, caller] of callers.entries()) caller.resolve(results[index]!);
    } catch (error) {
      for (const caller of callers) caller.reject(error);
    }
    this.#inFlight--;
    // What waits goes at once. Where nothing waits the turn of what came still lasts, and others may join it.
    if (this.#timer && this.#inFlight < MAX_IN_FLIGHT) this.#go();
  }
}
