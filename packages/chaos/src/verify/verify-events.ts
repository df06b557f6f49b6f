import { fromBinary } from "@bufbuild/protobuf";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { isoOf } from "@ocellus/runtime/time.ts";
import type { Entry, Facts } from "../load/entry.ts";
import type { Target } from "../target/target.ts";

/** How much of a message is told. */
const MAX_SHOWN = 500;

/** A stored event, as far as a client determines it. */
export interface StoredRow {
  serial: number;
  id: string;
  timestamp: string;
  namespace: string;
  name: string;
  category: string | null;
  session_id: string | null;
  person_id: string | null;
  value: number | null;
}

/** How the table of events differs from what was answered. */
export interface EventFindings {
  /** Accepted, and not stored. */
  lost: string[];
  /** Stored more than once, under whatever id and timestamp. */
  doubled: string[];
  /** Refused, deleted or never sent, and stored all the same. */
  unwanted: string[];
  /** Stored with another content than the last answer says. */
  different: string[];
  /** Without an answer until the end. */
  unanswered: string[];
  stored: number;
}

/** Compares each stored event with what was sent and answered. */
export async function verifyEvents(target: Target, entries: readonly Entry[]): Promise<EventFindings> {
  const rows = await target.query<StoredRow>(
    `select (data->>'serial')::int as serial, id,
       to_char("timestamp" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "timestamp",
       namespace, name, category, session_id, person_id, value
     from ingest.events`,
  );
  return compareEvents(rows, entries);
}

/** Compares rows of the table with what was sent and answered. */
export function compareEvents(rows: StoredRow[], entries: readonly Entry[]): EventFindings {
  const bySerial = Map.groupBy(rows, ({ serial }) => serial);
  const findings: EventFindings = {
    ...{ lost: [], doubled: [], unwanted: [], different: [], unanswered: [] },
    stored: rows.length,
  };
  for (const entry of entries) judge(entry, bySerial.get(entry.serial) ?? [], findings);
  for (const [serial, [row]] of bySerial) if (!entries[serial]) findings.unwanted.push(`never sent: ${row!.id}`);
  return findings;
}

function judge(entry: Entry, rows: StoredRow[], findings: EventFindings): void {
  const { outcome, nature, receipt, changed, facts } = entry;
  const [row, second] = rows;
  const told = `${receipt?.id ?? entry.event.id ?? "without id"} (${outcome}, ${changed} changes)`;
  if (outcome === "waiting" || changed === "busy") findings.unanswered.push(told);
  if (second) findings.doubled.push(`${told}: ${rows.map(({ id, timestamp }) => `${id} at ${timestamp}`).join(", ")}`);
  const unwanted = outcome === "refused" || nature !== "valid" || changed === "deleted";
  if (unwanted && row) findings.unwanted.push(`${told}: ${row.id} at ${row.timestamp}`);
  if (outcome !== "accepted" || unwanted || changed === "busy") return;
  if (!row) findings.lost.push(told);
  else if (row.id !== receipt!.id || JSON.stringify(factsOf(row)) !== JSON.stringify(storable(facts))) {
    findings.different.push(`${told}: ${JSON.stringify(factsOf(row))} and not ${JSON.stringify(storable(facts))}`);
  }
}

const factsOf = (row: StoredRow) => [
  row.timestamp,
  row.namespace,
  row.name,
  row.category,
  row.session_id,
  row.person_id,
  row.value,
];

function storable({ timestamp, namespace, name, category, sessionId, personId, value }: Facts) {
  return [isoOf(timestamp!), namespace, name, category ?? null, sessionId ?? null, personId ?? null, value ?? null];
}

/** Each poison event is one error of storing, and no message is. */
export async function verifyPoison(target: Target, entries: readonly Entry[]): Promise<string[]> {
  const rows = await target.query<{ event: Buffer | null; payload: Buffer }>(
    "select event, payload from ingest.event_errors where reason = 'EVENT_NOT_STORABLE'",
  );
  const unread = rows.flatMap(({ event, payload }) =>
    event ? [] : [`a message of EVENTS could not be read: ${payload.toString("latin1").slice(0, MAX_SHOWN)}`],
  );
  const errors = rows.flatMap(({ event }) => (event ? [fromBinary(EventSchema, event).id] : []));
  const missing = entries.flatMap(({ nature, outcome, receipt }) => {
    if (nature !== "poison" || outcome !== "accepted") return [];
    const count = errors.filter((id) => id === receipt!.id).length;
    return count === 1 ? [] : [`the poison event ${receipt!.id} is ${count} errors`];
  });
  return [...unread, ...missing];
}
