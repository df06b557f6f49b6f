import type { EntityManager } from "@mikro-orm/postgresql";
import type { Micros } from "@ocellus/runtime/time.ts";
import type { Collected } from "./collect-changes.ts";
import { foldByPerson } from "./fold-by-person.ts";
import { foldNamed } from "./fold-named.ts";
import { recountNamed } from "./recount-named.ts";
import { recountPerson } from "./recount-person.ts";
import { notRecounted } from "./recounts.ts";
import { distinct, lockSubjects } from "./subject.ts";

/**
 * Folds changes into the sessions, in the caller's transaction. What was stored is added; a subject of which an event was changed
 * or deleted is recounted from the stored events, since a session does not know its single events. Where many events of one subject
 * were deleted, the first recount sees most of them, and their announcements cost nothing more.
 */
export async function foldChanges(
  tx: EntityManager,
  { stored, changed }: Collected,
  idleTimeout: Micros,
): Promise<void> {
  await lockSubjects(tx, distinct([...stored, ...changed].map(({ subject }) => subject)));
  const unseen = await notRecounted(tx, changed);
  for (const subject of distinct(unseen.map(({ subject }) => subject))) {
    if (subject.byPerson) await recountPerson(tx, subject, idleTimeout);
    else await recountNamed(tx, subject);
  }
  const runs = await notRecounted(tx, stored);
  await foldNamed(tx, runs);
  await foldByPerson(tx, runs, idleTimeout);
}
