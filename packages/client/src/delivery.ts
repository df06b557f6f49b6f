import { Code } from "@connectrpc/connect";
import { waitAfter } from "./backoff.ts";
import { decodeEvent } from "./encode-event.ts";
import { EventQueue } from "./event-queue.ts";
import type { Ledger, PendingEvent } from "./ledger.ts";
import type { Problem } from "./problem.ts";
import { type Answer, type BatchSender, sendBatch, type Verdict } from "./send-batch.ts";
import type { Limits, Retry } from "./tracker-options.ts";

/** How often batches were sent. */
export interface Tries {
  tries: number;
  /** How many of these are to be repeated, for all or some of their events. */
  failedTries: number;
  /** Why the last of these failed. */
  lastProblem: Problem | undefined;
}

/** Sends pending events, some batches at a time, until each has its outcome. */
export class Delivery {
  readonly #sender: BatchSender;
  readonly #limits: Limits;
  readonly #ledger: Ledger;
  readonly #onRetry: ((retry: Retry) => void) | undefined;
  readonly #queue: EventQueue;
  readonly #stopped = new AbortController();
  readonly #pauses = new Set<() => void>();
  readonly #tries: Tries = { tries: 0, failedTries: 0, lastProblem: undefined };
  #inFlight = 0;
  #lingering: NodeJS.Timeout | undefined;

  constructor(sender: BatchSender, limits: Limits, ledger: Ledger, onRetry?: (retry: Retry) => void) {
    this.#sender = sender;
    this.#limits = limits;
    this.#ledger = ledger;
    this.#onRetry = onRetry;
    this.#queue = new EventQueue(limits);
  }

  tries(): Tries {
    return { ...this.#tries };
  }

  add(event: PendingEvent): void {
    this.#queue.add(event);
    // Also without any time to linger, what is tracked at once travels together.
    if (this.#queue.isFull()) this.#dispatch();
    else this.#lingering ??= setTimeout(() => this.#dispatch(), this.#limits.lingerMs);
  }

  /** Lets all that wait for others leave as soon as they can. */
  flush(): void {
    this.#queue.flush();
    this.#dispatch();
  }

  /** Ends the pauses before the next tries. */
  hurry(): void {
    for (const end of this.#pauses) end();
  }

  /** Gives up what is on its way, and starts nothing more. */
  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#lingering);
    this.hurry();
  }

  #dispatch(): void {
    clearTimeout(this.#lingering);
    this.#lingering = undefined;
    while (this.#inFlight < this.#limits.maxInFlight && !this.#stopped.signal.aborted) {
      const dueIn = this.#queue.dueIn(performance.now());
      if (dueIn === undefined) return;
      if (dueIn > 0) {
        this.#lingering = setTimeout(() => this.#dispatch(), dueIn);
        return;
      }
      this.#inFlight++;
      void this.#deliver(this.#queue.take()).then(() => {
        this.#inFlight--;
        this.#dispatch();
      });
    }
  }

  async #deliver(batch: PendingEvent[]): Promise<void> {
    // What `track` does for its caller ends before a batch is made.
    await undefined;
    let left = this.#dropTooOld(batch);
    for (let failures = 1; left.length > 0 && !this.#stopped.signal.aborted; failures++) {
      const answer = await this.#send(left);
      if ("refusedWhole" in answer) return this.#refuse(left, answer.refusedWhole);
      const problems: Problem[] = [];
      left = left.filter((event, index) => {
        const problem = this.#apply(answer.verdicts[index]!, event);
        if (problem) problems.push(problem);
        return problem !== undefined;
      });
      if (problems.length > 0 && !this.#stopped.signal.aborted) await this.#waitAfter(failures, problems);
      left = this.#dropTooOld(left);
    }
  }

  async #send(events: PendingEvent[]): Promise<Answer> {
    this.#tries.tries++;
    for (const event of events) event.unsureTries++;
    const options = { timeoutMs: this.#limits.attemptTimeoutMs, signal: this.#stopped.signal };
    return sendBatch(this.#sender, events, options);
  }

  /** Answers what is in the way of an event that needs another try. */
  #apply(verdict: Verdict, event: PendingEvent): Problem | undefined {
    switch (verdict.kind) {
      case "accepted": {
        const { id, timestamp } = verdict.receipt;
        this.#ledger.settle(event, { outcome: "accepted", id, timestamp: timestamp! });
        return undefined;
      }
      case "refused":
        this.#settleRefused(event, verdict.problem);
        return undefined;
      case "retry":
        if (!verdict.mayBeStored) event.unsureTries--;
        return verdict.problem;
    }
  }

  #settleRefused(event: PendingEvent, problem: Problem): void {
    const mayBeStored = event.unsureTries > 1;
    const refused = {
      outcome: "refused",
      id: event.id,
      problem,
      event: decodeEvent(event.bytes),
      mayBeStored,
    } as const;
    this.#ledger.settle(event, refused);
  }

  /** One event that no service can read makes its whole batch INVALID_ARGUMENT: halves find it. */
  async #refuse(events: PendingEvent[], problem: Problem): Promise<void> {
    if (events.length === 1 || problem.code !== Code.InvalidArgument) {
      for (const event of events) this.#settleRefused(event, problem);
      return;
    }
    for (const event of events) event.unsureTries--;
    const middle = Math.ceil(events.length / 2);
    await this.#deliver(events.slice(0, middle));
    await this.#deliver(events.slice(middle));
  }

  #dropTooOld(events: PendingEvent[]): PendingEvent[] {
    const oldest = performance.now() - this.#limits.maxAgeMs;
    return events.filter((event) => {
      if (event.since >= oldest) return true;
      this.#ledger.drop(event, "TOO_OLD");
      return false;
    });
  }

  async #waitAfter(failures: number, problems: Problem[]): Promise<void> {
    const [problem] = problems;
    const retryAfterMs = Math.max(...problems.map(({ retryAfterMs = 0 }) => retryAfterMs));
    const waitMs = waitAfter(failures, this.#limits.backoff, retryAfterMs);
    this.#tries.failedTries++;
    this.#tries.lastProblem = problem;
    const onRetry = this.#onRetry;
    if (onRetry) queueMicrotask(() => onRetry({ problem: problem!, events: problems.length, failures, waitMs }));
    await this.#pause(waitMs);
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#pauses.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#pauses.delete(resolve);
  }
}
