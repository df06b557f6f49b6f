import type { Micros } from "@ocellus/runtime/time.ts";
import { join, type Run } from "./run.ts";

/** A session that is stored: a run with an id. */
export interface StoredRun extends Run {
  id: string;
}

/** What becomes of one session. */
export interface FoldedRun extends Run {
  /** Undefined for a session that is new. */
  id: string | undefined;
  /** The stored sessions that became part of this one and are no longer sessions of their own. */
  absorbed: string[];
}

/**
 * Folds events of one person into that person's sessions: runs with no gap longer than the idle timeout, whatever the
 * order in which the events came. Where an event joins sessions, the earliest keeps its id.
 *
 * @param stored every session of the person within the idle timeout of any of the events
 * @returns the sessions that are new or changed
 */
export function foldRuns(stored: StoredRun[], events: Run[], idleTimeout: Micros): FoldedRun[] {
  const pieces: (Run & { id?: string })[] = [...stored, ...events].sort((a, b) => (a.start < b.start ? -1 : 1));
  const folded: (FoldedRun & { changed: boolean })[] = [];
  for (const piece of pieces) {
    const current = folded.at(-1);
    if (!current || piece.start - current.end > idleTimeout) {
      folded.push({ ...piece, id: piece.id, absorbed: [], changed: piece.id === undefined });
      continue;
    }
    Object.assign(current, join(current, piece));
    current.changed = true;
    if (piece.id === undefined) continue;
    if (current.id === undefined) current.id = piece.id;
    else current.absorbed.push(piece.id);
  }
  return folded.filter(({ changed }) => changed).map(({ changed: _, ...run }) => run);
}
