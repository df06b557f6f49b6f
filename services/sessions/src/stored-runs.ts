import type { Micros } from "@ocellus/runtime/time.ts";
import { ABSENT, type StoredChange } from "@ocellus/wire/stored-change.ts";
import { keyIn, textIn } from "@ocellus/wire/text.ts";
import { GrowingRun, GrowingSession } from "./growing-run.ts";
import type { SubjectChange } from "./recounts.ts";
import type { FirstPerson, Run } from "./run.ts";
import type { Subject } from "./subject.ts";

/** What the stored events of one transaction add to one subject. */
export interface StoredRuns extends SubjectChange {
  subject: Subject;
  /** One of a named session. Those of a person have no gap above the idle timeout; two may still be closer to one another. */
  runs: Run[];
  /** The first person that events of a named session name. */
  person: FirstPerson | undefined;
}

/** The runs of one namespace, by the bytes of the ids of sessions and of persons. */
interface Runs {
  named: Map<string, { subject: Subject; session: GrowingSession }>;
  byPerson: Map<string, { subject: Subject; runs: GrowingRun[] }>;
}

/** Folds the stored events of one transaction into runs. */
export class RunCollector {
  readonly #transactionId: bigint;
  readonly #idleMicros: number;
  readonly #namespaces = new Map<string, Runs>();

  constructor(transactionId: bigint, idleTimeout: Micros) {
    this.#transactionId = transactionId;
    this.#idleMicros = Number(idleTimeout);
  }

  add(change: StoredChange): void {
    if (change.sessionStart !== ABSENT) this.#addNamed(change);
    else if (change.personStart !== ABSENT) this.#addByPerson(change);
  }

  *all(): Generator<StoredRuns> {
    const transactionId = this.#transactionId;
    for (const { named, byPerson } of this.#namespaces.values()) {
      for (const { subject, session } of named.values())
        yield { subject, transactionId, runs: [session.toRun()], person: session.person };
      for (const { subject, runs } of byPerson.values())
        yield { subject, transactionId, runs: runs.map((run) => run.toRun()), person: undefined };
    }
  }

  #addNamed(change: StoredChange): void {
    const { bytes, sessionStart, sessionEnd } = change;
    const { named } = this.#namespaceOf(change);
    const key = keyIn(bytes, sessionStart, sessionEnd);
    const known = named.get(key);
    if (known) known.session.add(change);
    else {
      const subject = subjectIn(change, false, sessionStart, sessionEnd);
      named.set(key, { subject, session: new GrowingSession(change) });
    }
  }

  #addByPerson(change: StoredChange): void {
    const { bytes, personStart, personEnd } = change;
    const { byPerson } = this.#namespaceOf(change);
    const key = keyIn(bytes, personStart, personEnd);
    const known = byPerson.get(key);
    if (!known) {
      const subject = subjectIn(change, true, personStart, personEnd);
      byPerson.set(key, { subject, runs: [new GrowingRun(change)] });
      return;
    }
    // Most events come in order. Runs that turn out to be close to one another are joined when they are folded.
    const last = known.runs.at(-1);
    if (last?.isNear(change, this.#idleMicros)) last.add(change);
    else known.runs.push(new GrowingRun(change));
  }

  #namespaceOf({ bytes, namespaceStart, namespaceEnd }: StoredChange): Runs {
    const key = keyIn(bytes, namespaceStart, namespaceEnd);
    let runs = this.#namespaces.get(key);
    if (!runs) {
      runs = { named: new Map(), byPerson: new Map() };
      this.#namespaces.set(key, runs);
    }
    return runs;
  }
}

function subjectIn(
  { bytes, namespaceStart, namespaceEnd }: StoredChange,
  byPerson: boolean,
  start: number,
  end: number,
): Subject {
  return { namespace: textIn(bytes, namespaceStart, namespaceEnd), byPerson, id: textIn(bytes, start, end) };
}
