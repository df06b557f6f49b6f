import { ABSENT, type StoredChange } from "@ocellus/wire/stored-change.ts";
import { textIn } from "@ocellus/wire/text.ts";
import { Moment } from "./moment.ts";
import type { FirstPerson, Run } from "./run.ts";

/** A run to which stored events are added, in any order, without an object for each. */
export class GrowingRun {
  #count = 1;
  readonly #entry: Moment;
  readonly #exit: Moment;

  constructor(change: StoredChange) {
    this.#entry = new Moment(change);
    this.#exit = new Moment(change);
  }

  add(change: StoredChange): void {
    this.#count++;
    if (this.#entry.compare(change) > 0) this.#entry.set(change);
    if (this.#exit.compare(change) < 0) this.#exit.set(change);
  }

  /** Whether a change comes within so many microseconds of the run. */
  isNear(change: StoredChange, micros: number): boolean {
    return this.#entry.microsUntil(change) >= -micros && this.#exit.microsUntil(change) <= micros;
  }

  toRun(): Run {
    return {
      start: this.#entry.time,
      end: this.#exit.time,
      count: BigInt(this.#count),
      entryEventId: this.#entry.eventId,
      exitEventId: this.#exit.eventId,
    };
  }
}

/** The run of a session that its events name, and its person. */
export class GrowingSession {
  readonly #run: GrowingRun;
  #named: Moment | undefined;
  #personId = "";

  constructor(change: StoredChange) {
    this.#run = new GrowingRun(change);
    this.#name(change);
  }

  add(change: StoredChange): void {
    this.#run.add(change);
    this.#name(change);
  }

  toRun(): Run {
    return this.#run.toRun();
  }

  /** The earliest event that names a person. */
  get person(): FirstPerson | undefined {
    return this.#named && { id: this.#personId, time: this.#named.time, eventId: this.#named.eventId };
  }

  #name(change: StoredChange): void {
    if (change.personStart === ABSENT || (this.#named && this.#named.compare(change) <= 0)) return;
    if (this.#named) this.#named.set(change);
    else this.#named = new Moment(change);
    this.#personId = textIn(change.bytes, change.personStart, change.personEnd);
  }
}
