import { medianOf } from "../shared/median.ts";
import type { Growth } from "./measure-growth.ts";
import type { KeepingUp } from "./measure-keeping-up.ts";
import type { LateEvents } from "./measure-late-events.ts";
import type { QueryMeasured } from "./measure-queries.ts";

const TIMES_FASTER = 50;
const MEDIAN_MS = 15;
/** How much ten times as many events may change what a query takes. */
const GROWTH = 0.2;
/** How much of its throughput ingest may lose. */
const LOSS = 0.1;
const WITHIN_SECONDS = 60;

/** Everything that was measured; what was left out is absent. */
export interface Results {
  queries?: QueryMeasured[];
  growth?: Growth[];
  lateEvents?: LateEvents;
  keepingUp?: KeepingUp[];
}

/** A figure that is to be reached. */
export interface Figure {
  title: string;
  value: number;
  wanted: string;
  reached: boolean;
}

/** All figures of what was measured. */
export function figuresOf({ queries = [], growth = [], lateEvents, keepingUp = [] }: Results): Figure[] {
  return [
    ...queries.flatMap(({ query: { title }, raw, gatewayMs, grpcMs }) => [
      atMost(`${title}: gateway, ms`, gatewayMs, MEDIAN_MS),
      atMost(`${title}: gRPC, ms`, grpcMs, MEDIAN_MS),
      atLeast(`${title}: events by their index ÷ gRPC`, raw.ms / grpcMs, TIMES_FASTER),
      atLeast(`${title}: events where they lie ÷ gRPC`, raw.rowsMs / grpcMs, TIMES_FASTER),
    ]),
    ...growth.map(({ query: { title }, manyMs, fewMs }) =>
      atMost(`${title}: over ten times the events ÷ before`, manyMs / fewMs, 1 + GROWTH),
    ),
    ...(lateEvents
      ? [
          atMost("late events: accepted, stored, marked and materialised, s", lateEvents.materialised, WITHIN_SECONDS),
          atMost("late events: answers that were none of a full scan", lateEvents.wrong.length, 0),
        ]
      : []),
    ...keepingUp.map(({ times, running, stopped }) =>
      atLeast(
        `${times}: stored with aggregation ÷ without`,
        medianOf(running.map(({ rate }) => rate)) / medianOf(stopped.map(({ rate }) => rate)),
        1 - LOSS,
      ),
    ),
  ];
}

function atMost(title: string, value: number, most: number): Figure {
  return { title, value, wanted: `≤ ${most}`, reached: value <= most };
}

function atLeast(title: string, value: number, least: number): Figure {
  return { title, value, wanted: `≥ ${least}`, reached: value >= least };
}
