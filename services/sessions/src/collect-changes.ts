import { ChangeType, type EventChange } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import type { Micros } from "@ocellus/runtime/time.ts";
import type { ChangesMessage } from "@ocellus/wire/read-changes.ts";
import type { SubjectChange } from "./recounts.ts";
import { RunCollector, type StoredRuns } from "./stored-runs.ts";
import { type Subject, subjectOf } from "./subject.ts";

/** What messages hold, by subject and transaction. */
export interface Collected {
  stored: StoredRuns[];
  /** Updates and deletions. */
  changed: SubjectChange[];
}

/** Reads messages, and folds their stored events into runs. */
export function collectChanges(messages: ChangesMessage[], idleTimeout: Micros): Collected {
  const collectors = new Map<bigint, RunCollector>();
  const changed: SubjectChange[] = [];
  for (const message of messages) {
    const { transactionId } = message;
    const collector = collectors.get(transactionId) ?? new RunCollector(transactionId, idleTimeout);
    collectors.set(transactionId, collector);
    message.tell({
      stored: (change) => collector.add(change),
      other: (change) => {
        for (const subject of subjectsToRecount(change)) changed.push({ subject, transactionId });
      },
    });
  }
  return { stored: [...collectors.values()].flatMap((collector) => [...collector.all()]), changed };
}

/** The subjects whose sessions an update or a deletion may have changed: an update may take an event from one to another. */
function subjectsToRecount(change: EventChange): Subject[] {
  if (change.type === ChangeType.DELETED) return subjectsOf(change);
  if (change.type !== ChangeType.UPDATED || !change.previous) return [];
  return touchesSessions(change, change.previous) ? subjectsOf(change, change.previous) : [];
}

const subjectsOf = (...changes: EventChange[]) => changes.map(subjectOf).filter((subject) => subject !== undefined);

function touchesSessions(after: EventChange, before: EventChange): boolean {
  const facts = ({ namespace, sessionId, personId, timestamp }: EventChange) =>
    JSON.stringify([namespace, sessionId, personId, String(timestamp?.seconds), timestamp?.nanos]);
  return facts(after) !== facts(before);
}
