import type { Micros } from "@ocellus/runtime/time.ts";

/** Events that belong together, as far as a session knows them. One event alone is a run too. */
export interface Run {
  start: Micros;
  end: Micros;
  count: bigint;
  /** The id of the event at `start`; of several, the lowest. */
  entryEventId: string;
  /** The id of the event at `end`; of several, the highest. */
  exitEventId: string;
}

/** The earliest event of a named session that names a person. */
export interface FirstPerson {
  id: string;
  time: Micros;
  eventId: string;
}

/** The run of one event. */
export function runOf(eventId: string, time: Micros): Run {
  return { start: time, end: time, count: 1n, entryEventId: eventId, exitEventId: eventId };
}

/** Whether (time, id) `a` comes before `b`. UUIDs in lower case compare as PostgreSQL compares them. */
export function isBefore([timeA, idA]: [Micros, string], [timeB, idB]: [Micros, string]): boolean {
  return timeA < timeB || (timeA === timeB && idA < idB);
}

/** The run of the events of both. */
export function join(a: Run, b: Run): Run {
  const first = isBefore([b.start, b.entryEventId], [a.start, a.entryEventId]) ? b : a;
  const last = isBefore([a.end, a.exitEventId], [b.end, b.exitEventId]) ? b : a;
  return {
    start: first.start,
    entryEventId: first.entryEventId,
    end: last.end,
    exitEventId: last.exitEventId,
    count: a.count + b.count,
  };
}
