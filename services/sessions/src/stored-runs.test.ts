import { expect, test } from "@jest/globals";
import { ChangeType, EventChangesSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { type Micros, timestampOf } from "@ocellus/runtime/time.ts";
import { ChangesMessage } from "@ocellus/wire/read-changes.ts";
import { diceOf } from "../../../test/support/dice.ts";
import { collectChanges } from "./collect-changes.ts";
import { foldRuns } from "./fold-runs.ts";
import { type FirstPerson, isBefore, join, runOf } from "./run.ts";

const TIMEOUT = 30n;

interface StoredEvent {
  transactionId: bigint;
  eventId: string;
  namespace: string;
  sessionId?: string;
  personId?: string;
  time: Micros;
}

/** Few of each, so that they meet; times before and after 1970, some of them the same. */
function randomEvent(random: () => number): StoredEvent {
  const oneOf = <T>(...values: T[]) => values[Math.floor(random() * values.length)]!;
  return {
    transactionId: oneOf(1n, 2n),
    eventId: `event-${Math.floor(random() * 1e6)}`,
    namespace: oneOf("shop", "größe"),
    sessionId: oneOf(undefined, undefined, "a", "é", ""),
    personId: oneOf(undefined, "a", "bob", "é"),
    time: BigInt(Math.floor((random() - 0.5) * 600)) + oneOf(0n, 0n, 10_000_000n),
  };
}

/** Each event in a message of its own: those of one transaction are folded together all the same. */
function messageOf({ transactionId, time, ...event }: StoredEvent): ChangesMessage {
  const change = { ...event, type: ChangeType.STORED, name: "hit", timestamp: timestampOf(time) };
  return new ChangesMessage(encode(EventChangesSchema, { transactionId, changes: [change] }));
}

/** What the events of each subject and transaction make, one after another. */
function expected(events: StoredEvent[]) {
  const subjects = Map.groupBy(events, ({ transactionId, namespace, sessionId, personId }) =>
    JSON.stringify([String(transactionId), namespace, sessionId === undefined, sessionId ?? personId]),
  );
  return [...subjects].map(([key, mine]) => {
    const runs = mine.map(({ eventId, time }) => runOf(eventId, time));
    const { sessionId, personId } = mine[0]!;
    if (sessionId === undefined) {
      return { key, runs: personId === undefined ? [] : foldRuns([], runs, TIMEOUT), person: undefined };
    }
    const persons = mine
      .filter((event) => event.personId !== undefined)
      .map(({ personId, time, eventId }): FirstPerson => ({ id: personId!, time, eventId }))
      .sort((a, b) => (isBefore([a.time, a.eventId], [b.time, b.eventId]) ? -1 : 1));
    return { key, runs: [runs.reduce(join)], person: persons[0] };
  });
}

test.each(Array.from({ length: 50 }, (_, seed) => [seed]))(
  "stored events make, for each subject and transaction, the runs that they make one by one (seed %d)",
  (seed) => {
    const random = diceOf(seed);
    const events = Array.from({ length: 200 }, () => randomEvent(random));
    const { stored, changed } = collectChanges(events.map(messageOf), TIMEOUT);
    expect(changed).toEqual([]);
    const found = stored.map(({ subject, transactionId, runs, person }) => ({
      key: JSON.stringify([String(transactionId), subject.namespace, subject.byPerson, subject.id]),
      runs: subject.byPerson ? foldRuns([], runs, TIMEOUT) : runs,
      person,
    }));
    const byKey = <T extends { key: string }>(all: T[]) => all.sort((a, b) => (a.key < b.key ? -1 : 1));
    expect(byKey(found)).toEqual(byKey(expected(events).filter(({ runs }) => runs.length > 0)));
  },
);
