import { create, toBinary } from "@bufbuild/protobuf";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";
import { v7 } from "uuid";
import type { Job, Spread } from "./jobs.ts";

export const NAMESPACE = "bench";
export const NAMES = Array.from({ length: 20 }, (_, index) => `page-viewed-${index}`);

const QUARTER_MS = 900_000;
/** A prime, so that its multiples visit every place once. */
const MIXER = 611_953;

/** Some 250 bytes: ids, namespace, name, category, session, person, time, value, and `data` of five keys. */
export interface PlainEvent {
  id: string;
  namespace: string;
  name: string;
  category: string;
  sessionId: string;
  personId: string;
  timestamp: string;
  value: number;
  data: { path: string; host: string; status: number; ms: number; cached: boolean };
}

let made = 0;
const run = v7();

/** Events, ten to a session, of a thousand persons; each has an id of its own. */
export function makeEvents(
  count: number,
  { names = NAMES, overMs = QUARTER_MS, endMs, mixed }: Spread = {},
): PlainEvent[] {
  const start = (endMs ?? Date.now()) - overMs;
  return Array.from({ length: count }, (_, index) => {
    const number = made++;
    const place = mixed ? (index * MIXER) % count : index;
    return {
      id: v7(),
      namespace: NAMESPACE,
      name: names[number % names.length]!,
      category: "interaction",
      sessionId: `${run}-${Math.floor(number / 10)}`,
      personId: `person-${Math.floor(number / 10) % 1000}`,
      timestamp: new Date(start + Math.floor((place / count) * overMs)).toISOString(),
      value: (number % 1000) / 4,
      data: { path: `/products/${number % 5000}`, host: "web-1", status: 200, ms: 12.25, cached: true },
    };
  });
}

/** Encoded requests whose field 1 holds events: TrackEventRequest, BatchTrackEventsRequest, StreamEventsRequest. */
export function encodedRequests(count: number, perRequest: number, spread?: Spread): Buffer[] {
  const requests: Buffer[] = [];
  const events = makeEvents(count, spread);
  for (let start = 0; start < count; start += perRequest)
    requests.push(Buffer.concat(events.slice(start, start + perRequest).map(asField)));
  return requests;
}

function asField({ timestamp, ...event }: PlainEvent): Buffer {
  const time = timestampOf(BigInt(Date.parse(timestamp)) * 1000n);
  const bytes = toBinary(EventSchema, create(EventSchema, { ...event, timestamp: time }));
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >>> 7];
  return Buffer.concat([Buffer.from([0x0a, ...length]), bytes]);
}

/** The bodies of POST /v1/events, or of a TrackEvent of Connect. */
export function jsonBodies(job: Extract<Job, { kind: "JSON batches" | "JSON single" }>): Buffer[] {
  const events = makeEvents(job.events);
  if (job.kind === "JSON single")
    return events.map((event) => Buffer.from(JSON.stringify(job.wrapped ? { event } : event)));
  const count = Math.ceil(events.length / job.perCall);
  return Array.from({ length: count }, (_, index) =>
    Buffer.from(JSON.stringify(events.slice(index * job.perCall, (index + 1) * job.perCall))),
  );
}
