import type { EntityManager } from "@mikro-orm/postgresql";
import { ChangeType, type EventChange, type EventChanges } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { type Micros, microsOf } from "@ocellus/runtime/time.ts";
import { foldByPerson } from "./fold-by-person.ts";
import { type ChangedEvent, foldNamed } from "./fold-named.ts";
import { recountNamed } from "./recount-named.ts";
import { recountPerson } from "./recount-person.ts";
import { notRecounted, type SubjectChange } from "./recounts.ts";
import { distinct, lockSubjects, type Subject, subjectOf } from "./subject.ts";

/**
 * Folds changes into the sessions, in the caller's transaction. What was stored is added; a subject of which an event was changed
 * or deleted is recounted from the stored events, since a session does not know its single events. Where many events of one subject
 * were deleted, the first recount sees most of them, and their announcements cost nothing more.
 */
export async function foldChanges(tx: EntityManager, messages: EventChanges[], idleTimeout: Micros): Promise<void> {
  const stored = messages.flatMap(storedEvents);
  const changed = messages.flatMap(changesToRecount);
  await lockSubjects(tx, distinct([...stored, ...changed].map(({ subject }) => subject)));
  const unseen = await notRecounted(tx, changed);
  for (const subject of distinct(unseen.map(({ subject }) => subject))) {
    if (subject.byPerson) await recountPerson(tx, subject, idleTimeout);
    else await recountNamed(tx, subject);
  }
  const events = await notRecounted(tx, stored);
  await foldNamed(tx, events);
  await foldByPerson(tx, events, idleTimeout);
}

function storedEvents({ changes, transactionId }: EventChanges): ChangedEvent[] {
  return changes.flatMap((change) =>
    change.type === ChangeType.STORED && change.timestamp
      ? [{ change, time: microsOf(change.timestamp), subject: subjectOf(change), transactionId }]
      : [],
  );
}

function changesToRecount({ changes, transactionId }: EventChanges): SubjectChange[] {
  return changes.flatMap(subjectsToRecount).map((subject) => ({ subject, transactionId }));
}

/** The subjects whose sessions an update or a deletion may have changed: an update may take an event from one to another. */
function subjectsToRecount(change: EventChange): (Subject | undefined)[] {
  if (change.type === ChangeType.DELETED) return [subjectOf(change)];
  if (change.type !== ChangeType.UPDATED || !change.previous) return [];
  return touchesSessions(change, change.previous) ? [subjectOf(change), subjectOf(change.previous)] : [];
}

function touchesSessions(after: EventChange, before: EventChange): boolean {
  const facts = ({ namespace, sessionId, personId, timestamp }: EventChange) =>
    JSON.stringify([namespace, sessionId, personId, String(timestamp?.seconds), timestamp?.nanos]);
  return facts(after) !== facts(before);
}
