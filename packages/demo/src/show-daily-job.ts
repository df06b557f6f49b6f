import { timestampDate, timestampFromDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Session } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { numberTable } from "@ocellus/suite/number-table.ts";
import type { Clients } from "./clients.ts";
import { DOOR_KNOBS, eventsOf, type KnobVisit, knobVisits, visitsUntil } from "./knob-visits.ts";
import { stateOf } from "./table.ts";
import { until } from "./until.ts";

const DAY_MS = 86_400_000;

/** Sends the visits of yesterday and today to `bobs-door-knobs`, runs the daily job, and shows what it did, as a table. */
export async function showDailyJob({ ingest, sessions }: Clients, now: Date): Promise<string> {
  const all = knobVisits(now);
  const visits = visitsUntil(now, all);
  await ingest.batchTrackEvents({ events: visits.flatMap(eventsOf) });

  const before = await until(() => sessionsOf(sessions, visits));
  const midnight = new Date(now.getTime() - (now.getTime() % DAY_MS));
  const { closedCount } = await sessions.closeSessions({
    namespace: DOOR_KNOBS,
    before: timestampFromDate(midnight),
  });
  const after = await until(() => sessionsOf(sessions, visits));

  const table = numberTable(["visitor", "from", "to", "before", "after", "hits"], 5);
  before.forEach((session, i) => {
    const times = [dayAndTime(session.startTime), dayAndTime(session.endTime)];
    table.push([session.personId, ...times, stateOf(session), stateOf(after[i]!), String(session.eventCount)]);
  });
  const title = `Sessions in ${DOOR_KNOBS} before and after the daily job (npm run sessions:close)`;
  return [title, table.toString(), whatItDid(closedCount, midnight), ...whatIsMissing(all, visits)].join("\n");
}

/** Each visit's session; undefined while one of them does not have all its hits. */
async function sessionsOf(sessions: Clients["sessions"], visits: KnobVisit[]): Promise<Session[] | undefined> {
  const found: Session[] = [];
  for (const { visitor, hits } of visits) {
    const start = timestampFromMs(hits[0]!);
    const filter = { namespace: DOOR_KNOBS, personId: visitor, startTimeMin: start, startTimeMax: start };
    const session = (await sessions.listSessions(filter)).sessions[0];
    if (!session || Number(session.eventCount) < hits.length) return undefined;
    found.push(session);
  }
  return found;
}

function whatItDid(closedCount: bigint, midnight: Date): string {
  if (closedCount > 0n) return `It closed ${closedCount}: those whose last hit lies before ${midnight.toISOString()}.`;
  return "It closed none, as an earlier run had closed them; it may run any number of times. A new OCELLUS_DATA_DIR starts afresh.";
}

function whatIsMissing(all: KnobVisit[], visits: KnobVisit[]): string[] {
  const hitsOf = (list: KnobVisit[]) => list.flatMap(({ hits }) => hits).length;
  const future = hitsOf(all) - hitsOf(visits);
  return future === 0 ? [] : [`${future} hits are not sent yet, as they lie in the future; a later run sends them.`];
}

function dayAndTime(time: Session["startTime"]): string {
  return time ? timestampDate(time).toISOString().slice(5, 16).replace("T", " ") : "";
}
