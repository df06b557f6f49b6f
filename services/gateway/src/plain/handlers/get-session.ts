import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { type Session, SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { allEvents, type FoundEvents } from "../all-events.ts";
import type { Contract } from "../contract.ts";
import type { PlainHandler } from "../plain-route.ts";
import { readQuery } from "../read-query.ts";
import { eventJson, sessionJson } from "../resources.ts";

const NAMES = { namespace: "namespace", channel_id: "namespace" };
const { getSession: method } = SessionService.method;

/** Answers one session with its events, in ascending order, and the largest `timezone_offset` in their data. */
export const getSession: PlainHandler = async ({ bound, query, contract }) => {
  const { request, asSent } = readQuery(method.input, query, NAMES);
  const { session } = await contract(method, { ...request, id: bound("id") }, asSent);
  const { events, areCut } = await eventsOf(session!, contract);
  const json = {
    ...sessionJson(session!),
    timezone_offset: largestOffset(events),
    events: events.map(eventJson),
    events_are_cut: areCut,
  };
  return { status: 200, json };
};

/** A session's events name it; those of a session that was made from one person's events name no session. */
async function eventsOf(
  { id, namespace, personId, startTime, endTime }: Session,
  contract: Contract,
): Promise<FoundEvents> {
  if (!startTime || !endTime) return { events: [], areCut: false };
  const named = await allEvents(contract, { namespace, sessionId: id });
  if (named.events.length > 0 || personId === undefined) return named;
  const times = { timestampMin: startTime, timestampMax: endTime };
  const found = await allEvents(contract, { namespace, personId, ...times });
  return { ...found, events: found.events.filter(({ sessionId }) => sessionId === undefined) };
}

function largestOffset(events: Event[]): number | null {
  let largest: number | null = null;
  for (const { data } of events) {
    const offset = data?.timezone_offset;
    if (typeof offset === "number" && (largest === null || offset > largest)) largest = offset;
  }
  return largest;
}
