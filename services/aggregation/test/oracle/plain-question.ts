import type { JsonObject } from "@bufbuild/protobuf";
import type { Micros } from "@ocellus/runtime/time.ts";
import type { Unit } from "./calendar-by-temporal.ts";

/** An event as its sender knows it. */
export interface PlainEvent {
  id: string;
  name: string;
  at: Micros;
  value?: number | undefined;
  category?: string | undefined;
  personId?: string | undefined;
  sessionId?: string | undefined;
  data?: JsonObject | undefined;
}

/** An event before it has an identity. */
export type Unsent = Omit<PlainEvent, "id">;

export const TYPES = [
  "count",
  "sum",
  "min",
  "max",
  "avg",
  "rate",
  "p50",
  "p75",
  "p90",
  "p95",
  "p99",
  "distinctPersons",
  "distinctSessions",
] as const;

/** What can be made of events. */
export type Type = (typeof TYPES)[number];

/** A question, as a client has it. */
export interface Question {
  min: Micros | undefined;
  max: Micros | undefined;
  unit: Unit;
  zone: string;
  types: Type[];
  fill: "none" | "null" | "previous" | "zero";
  filters: string[];
  /** Empty: no groups. */
  groupBy: string;
  top: number;
}

/** One bucket of an answer, or one group in it. */
export interface Bucket {
  start: Micros;
  first: Micros | undefined;
  count: number;
  values: (number | undefined)[];
  group: string | undefined;
  other: boolean;
}

/** A question about all events of a series. */
export const ALL: Question = {
  min: undefined,
  max: undefined,
  unit: "day",
  zone: "UTC",
  types: ["count"],
  fill: "none",
  filters: [],
  groupBy: "",
  top: 0,
};
