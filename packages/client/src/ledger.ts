import { decodeEvent, MAX_EVENT_BYTES } from "./encode-event.ts";
import type { Dropped, DropReason, NewEvent, Outcome } from "./outcome.ts";

/** An event that waits for its outcome. */
export interface PendingEvent {
  id: string;
  /** The encoded event. */
  bytes: Uint8Array;
  /** When it was tracked, in milliseconds of `performance.now()`. */
  since: number;
  /** How many tries got no sure answer, the running one among them. */
  unsureTries: number;
  outcome: Promise<Outcome>;
  resolve(outcome: Outcome): void;
}

/** What became of all events that a tracker was given. The four add up to how many these are. */
export interface Counts {
  accepted: number;
  refused: number;
  dropped: number;
  /** Without an outcome yet. */
  pending: number;
}

/** How many events, and how many encoded bytes of them, may be pending. */
export interface Bounds {
  maxBufferedEvents: number;
  maxBufferedBytes: number;
}

/** Keeps the pending events within their bounds, and counts the outcomes: one for each event. */
export class Ledger {
  readonly #bounds: Bounds;
  readonly #onOutcome: ((outcome: Outcome) => void) | undefined;
  readonly #pending = new Set<PendingEvent>();
  readonly #totals = { accepted: 0, refused: 0, dropped: 0 };
  #bytes = 0;
  #turn = Promise.resolve();
  #roomMade = () => {};
  #isClosed = false;

  constructor(bounds: Bounds, onOutcome?: (outcome: Outcome) => void) {
    this.#bounds = bounds;
    this.#onOutcome = onOutcome;
  }

  counts(): Counts {
    return { ...this.#totals, pending: this.#pending.size };
  }

  /** The encoded bytes of the pending events. */
  pendingBytes(): number {
    return this.#bytes;
  }

  /** The pending events, oldest first. */
  pending(): PendingEvent[] {
    return [...this.#pending];
  }

  /** Why an event of this size cannot be taken; undefined where it can. */
  objection(bytes: number): DropReason | undefined {
    if (this.#isClosed) return "CLOSED";
    const { maxBufferedEvents, maxBufferedBytes } = this.#bounds;
    const hasRoom = this.#pending.size < maxBufferedEvents && this.#bytes + bytes <= maxBufferedBytes;
    return hasRoom ? undefined : "BUFFER_FULL";
  }

  /** Takes an event to which there is no objection. */
  add(id: string, bytes: Uint8Array): PendingEvent {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const event = { id, bytes, since: performance.now(), unsureTries: 0, outcome: promise, resolve };
    this.#pending.add(event);
    this.#bytes += bytes.length;
    return event;
  }

  /** Gives a pending event its outcome; nothing happens where it has one, since an answer may come after the tracker was closed. */
  settle(event: PendingEvent, outcome: Outcome): void {
    if (!this.#pending.delete(event)) return;
    this.#bytes -= event.bytes.length;
    this.note(outcome);
    event.resolve(outcome);
    this.#roomMade();
  }

  drop(event: PendingEvent, why: DropReason): void {
    this.settle(event, dropped(event.id, why, decodeEvent(event.bytes), event.unsureTries > 0));
  }

  /** Counts the outcome of an event that never was pending. */
  note(outcome: Outcome): void {
    this.#totals[outcome.outcome]++;
    if (this.#onOutcome) queueMicrotask(() => this.#onOutcome?.(outcome));
  }

  /** Takes no more events. */
  close(): void {
    this.#isClosed = true;
    this.#roomMade();
  }

  /** Resolves when there is room for an event of any size, or never will be: one caller after another, in the order of their calls. */
  ready(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#room());
    return this.#turn;
  }

  async #room(): Promise<void> {
    while (this.objection(MAX_EVENT_BYTES) === "BUFFER_FULL") {
      await new Promise<void>((resolve) => {
        this.#roomMade = resolve;
      });
    }
  }
}

/** The outcome of an event that is given up. */
export function dropped(id: string, why: DropReason, event: NewEvent, mayBeStored: boolean): Dropped {
  return { outcome: "dropped", id, why, event, mayBeStored };
}
