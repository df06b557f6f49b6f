import { timestampOf } from "@ocellus/runtime/time.ts";
import type { StoredEvent } from "../entities/stored-event.ts";
import type { StatusOptions } from "./status-options.ts";

/** The session that an event is in: the one that it names, or that of its person at its time; empty where it has neither. */
export async function sessionOf(
  { sessions }: StatusOptions,
  { namespace, sessionId, personId, timestamp }: StoredEvent,
  signal: AbortSignal,
): Promise<string> {
  if (sessionId) return sessionId;
  if (!personId) return "";
  const time = timestampOf(timestamp);
  const { sessions: found } = await sessions.listSessions(
    { namespace, personId, startTimeMax: time, endTimeMin: time, pageSize: 1 },
    { signal },
  );
  return found[0]?.id ?? "";
}
