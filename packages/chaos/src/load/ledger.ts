import type { Micros } from "@ocellus/runtime/time.ts";
import type { Entry } from "./entry.ts";

/** What one attempt to send an event led to. */
export type Answer =
  | { kind: "accepted"; id: string; timestamp: Micros }
  | { kind: "refused"; code: number; reason: string | undefined; message: string; hasRetryDelay: boolean }
  | { kind: "none"; problem: string };

const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;

/** How much of everything there was. */
export interface Tallies {
  requests: number;
  retries: number;
  duplicates: number;
  reads: number;
  updates: number;
  deletes: number;
  queueFull: number;
}

/** What was sent, and what was answered. */
export class Ledger {
  readonly entries: Entry[] = [];
  readonly tallies: Tallies = {
    requests: 0,
    retries: 0,
    duplicates: 0,
    reads: 0,
    updates: 0,
    deletes: 0,
    queueFull: 0,
  };
  /** How often each answer but "accepted" came, by what it said. */
  readonly answers = new Map<string, number>();
  /** How long the slowest call took, in milliseconds. */
  slowest = 0;
  /** Answers that break a promise. */
  readonly problems = new Set<string>();

  add(entry: Omit<Entry, "serial">): Entry {
    const added = { ...entry, serial: this.entries.length };
    this.entries.push(added);
    return added;
  }

  /** Notes what an attempt led to, and says whether the event is to be sent again. */
  note(entry: Entry, answer: Answer): boolean {
    if (answer.kind === "accepted") return this.#noteAccepted(entry, answer.id, answer.timestamp);
    if (answer.kind === "none") {
      this.count(answer.problem);
      return this.#noteUnknown(entry);
    }
    const { code, reason, message } = answer;
    this.count(`${reason ?? `code ${code}`}`);
    if (code === INVALID_ARGUMENT) {
      if (entry.nature !== "invalid") this.problems.add(`a valid event was refused: ${message}`);
      entry.outcome = "refused";
      return false;
    }
    if (code === RESOURCE_EXHAUSTED) {
      this.tallies.queueFull++;
      if (!answer.hasRetryDelay) this.problems.add(`the queue is full, and the answer has no retry delay: ${message}`);
      // Nothing was accepted, for sure: what cannot be repeated ends here, and must not be stored.
      if (!entry.repeatable && !entry.mayArrive) entry.outcome = "refused";
      return entry.repeatable;
    }
    if (code !== UNAVAILABLE) this.problems.add(`an answer that no fault accounts for: ${code} ${message}`);
    return this.#noteUnknown(entry);
  }

  count(what: string): void {
    this.answers.set(what, (this.answers.get(what) ?? 0) + 1);
  }

  #noteAccepted(entry: Entry, id: string, timestamp: Micros): boolean {
    const { receipt, nature } = entry;
    if (nature === "invalid") this.problems.add(`an invalid event was accepted: ${id}`);
    if (receipt && (receipt.id !== id || receipt.timestamp !== timestamp)) {
      this.problems.add(`a repeated event was answered another identity: ${receipt.id} and ${id}`);
    }
    entry.receipt = { id, timestamp };
    entry.facts.timestamp = timestamp;
    entry.outcome = "accepted";
    return false;
  }

  #noteUnknown(entry: Entry): boolean {
    entry.mayArrive = true;
    if (!entry.repeatable) entry.outcome = "unknown";
    return entry.repeatable;
  }
}
