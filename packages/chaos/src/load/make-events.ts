import { randomUUID } from "node:crypto";
import { DEFAULT_NAMESPACE } from "@ocellus/event-rules/default-namespace.ts";
import { type Micros, microsOf, nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import { v7 } from "uuid";
import { POISON } from "../target/target.ts";
import type { Entry, EventInit } from "./entry.ts";
import type { Ledger } from "./ledger.ts";

export const NAMESPACES = [undefined, "shop", "stats"];
export const NAMES = ["pageview", "click", "cpu"];

const MINUTE: Micros = 60_000_000n;
/** How far back late events go: a few partitions, and thousands of buckets. */
const LATE_MINUTES = 2 * 24 * 60;

/** So many events share some sessions and persons before others take their place. */
const GENERATION = 2000;
const SUBJECTS = 40;

/** Makes events of all kinds that the contract knows, by the dice. */
export class EventMaker {
  readonly #ledger: Ledger;
  readonly #dice: () => number;

  constructor(ledger: Ledger, dice: () => number) {
    this.#ledger = ledger;
    this.#dice = dice;
  }

  /** So many events, of which one in a hundred breaks a rule of the contract. */
  batch(count: number): Entry[] {
    return Array.from({ length: count }, () => (this.#dice() < 0.01 ? this.invalid() : this.valid()));
  }

  valid(): Entry {
    const event = { namespace: this.pick(NAMESPACES), name: this.pick(NAMES), ...this.#subject(), ...this.#details() };
    const identity = this.#identity(event.sessionId);
    return this.#add({ ...event, ...identity.fields }, "valid", identity.repeatable);
  }

  invalid(): Entry {
    const tomorrow = timestampOf(nowMicros() + 24n * 60n * MINUTE);
    const breaks = this.pick<Partial<EventInit>>([
      { name: "" },
      { name: "x".repeat(151) },
      { timestamp: tomorrow },
      { namespace: "" },
    ]);
    return this.#add({ id: randomUUID(), name: "invalid", timestamp: this.time(), ...breaks }, "invalid", true);
  }

  poison(): Entry {
    const event = { ...this.#subject(), id: randomUUID(), name: POISON, timestamp: this.time() };
    return this.#add(event, "poison", true);
  }

  /** An event that fills a queue. */
  large(text: string): Entry {
    const event = { id: randomUUID(), namespace: "large", name: "large", timestamp: timestampOf(nowMicros()) };
    return this.#add({ ...event, data: { text } }, "valid", true);
  }

  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#dice() * values.length)]!;
  }

  /** Now or, for nearly half of them, any time of the last two days. */
  time() {
    const back = this.#dice() < 0.55 ? 0n : BigInt(Math.floor(this.#dice() * LATE_MINUTES)) * MINUTE;
    return timestampOf(nowMicros() - back);
  }

  /** A name that other events of about this time have too. */
  subject(kind: string): string {
    const generation = Math.floor(this.#ledger.entries.length / GENERATION);
    return `${kind}-${generation}-${Math.floor(this.#dice() * SUBJECTS)}`;
  }

  #subject(): Pick<EventInit, "sessionId" | "personId"> {
    const roll = this.#dice();
    if (roll < 0.3) return { sessionId: this.subject("session") };
    if (roll < 0.4) return { sessionId: this.subject("session"), personId: this.subject("person") };
    if (roll < 0.8) return { personId: this.subject("person") };
    return {};
  }

  #details(): Pick<EventInit, "category" | "value"> {
    return {
      category: this.#dice() < 0.5 ? this.pick(["page", "system"]) : undefined,
      value: this.#dice() < 0.7 ? Math.round(this.#dice() * 1000) / 10 : undefined,
    };
  }

  /** An id of the client's, the content, or nothing: such an event is sent once and never again. */
  #identity(sessionId: string | undefined): { fields: EventInit; repeatable: boolean } {
    const roll = this.#dice();
    if (roll < 0.3 && sessionId) return { fields: { timestamp: this.time() }, repeatable: true };
    if (roll < 0.35) return { fields: {}, repeatable: false };
    if (roll < 0.6) return { fields: { id: v7() }, repeatable: true };
    return { fields: { id: randomUUID(), timestamp: this.time() }, repeatable: true };
  }

  #add(event: EventInit, nature: Entry["nature"], repeatable: boolean): Entry {
    const serial = this.#ledger.entries.length;
    return this.#ledger.add({
      event: { ...event, data: { ...event.data, serial } },
      nature,
      repeatable,
      outcome: "waiting",
      mayArrive: false,
      sending: 0,
      receipt: undefined,
      facts: {
        namespace: event.namespace ?? DEFAULT_NAMESPACE,
        name: event.name ?? "",
        category: event.category,
        sessionId: event.sessionId,
        personId: event.personId,
        timestamp: event.timestamp && microsOf(event.timestamp),
        value: event.value,
      },
      changed: "no",
    });
  }
}
