import { isFieldSet } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { timeProblem } from "@ocellus/runtime/check-request.ts";
import { isUuid } from "@ocellus/runtime/is-uuid.ts";
import type { Violation } from "@ocellus/runtime/service-error.ts";
import { textProblem } from "@ocellus/runtime/text-problem.ts";
import { EARLIEST, isoOf, type Micros, microsOf } from "@ocellus/runtime/time.ts";
import { dataProblem } from "./data-problem.ts";
import { timeInUuid } from "./time-in-uuid.ts";

/** The longest texts, in Unicode code points. */
export const MAX_LENGTHS = { namespace: 120, name: 150, category: 255, sessionId: 255, personId: 255 } as const;

/** How far ahead of the server's clock an event may lie. */
const MAX_AHEAD_MICROS: Micros = 300_000_000n;

/**
 * What breaks the limits of an event, each offending field once; none for a valid event.
 *
 * @param event as a client sent it
 * @param path where it stands in the request, such as "event" or "events[3]"
 * @param now the time of receipt
 * @param keptFrom since when events are kept
 */
export function validateEvent(event: Event, path: string, now: Micros, keptFrom: Micros = EARLIEST): Violation[] {
  const violations: Violation[] = [];
  const report = (field: string, description: string | undefined) => {
    if (description) violations.push({ field: `${path}.${field}`, description });
  };

  for (const [field, max] of Object.entries(MAX_LENGTHS) as [keyof typeof MAX_LENGTHS, number][]) {
    const text = event[field];
    if (text !== undefined) report(EventSchema.field[field].name, textProblem(text, max));
  }
  report("id", idProblem(event, now, keptFrom));
  if (event.timestamp) report("timestamp", timestampProblem(event.timestamp, now, keptFrom));
  if (event.value !== undefined && !Number.isFinite(event.value)) {
    report("value", `must be a finite number, and is ${event.value}`);
  }
  if (event.data !== undefined) report("data", dataProblem(event.data));
  return violations;
}

function idProblem(event: Event, now: Micros, keptFrom: Micros): string | undefined {
  if (!isFieldSet(event, EventSchema.field.id)) return undefined;
  if (!isUuid(event.id)) return "must be a UUID such as 0198f2a4-6f3e-7cc0-8d3b-5a1f6e2b9c10";
  if (event.timestamp) return undefined;
  const time = timeInUuid(event.id);
  if (time === undefined) {
    return "needs a timestamp beside it, since a retry must carry the same two; only a UUIDv7 may come without";
  }
  if (time < keptFrom) return `holds a time before ${isoOf(keptFrom)}, since when events are kept: ${isoOf(time)}`;
  return time > now + MAX_AHEAD_MICROS ? `holds a time more than 5 minutes ahead: ${isoOf(time)}` : undefined;
}

/** What is wrong with an event's timestamp; undefined where nothing is. */
export function timestampProblem(timestamp: Timestamp, now: Micros, keptFrom: Micros = EARLIEST): string | undefined {
  const problem = timeProblem(timestamp);
  const time = microsOf(timestamp);
  if (!problem && time < keptFrom) {
    return `must not lie before ${isoOf(keptFrom)}, since when events are kept, and is ${isoOf(time)}`;
  }
  if (problem || time <= now + MAX_AHEAD_MICROS) return problem;
  return `must not be more than 5 minutes ahead of the server's clock (${isoOf(now)}), and is ${isoOf(time)}`;
}
