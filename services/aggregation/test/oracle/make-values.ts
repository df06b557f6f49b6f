import type { Micros } from "@ocellus/runtime/time.ts";
import { spanOf } from "./calendar-by-temporal.ts";
import { averageOf, compareExactly, rateOf, sumOf } from "./decimal.ts";
import type { PlainEvent, Question, Type } from "./plain-question.ts";

/** What the types make of the events of one bucket. */
export function valuesOf(events: readonly PlainEvent[], question: Question): (number | undefined)[] {
  return question.types.map((type) => (type === "rate" ? rateIn(events, question) : madeOf(events, type)));
}

/** None where the window holds only what a day has after its end, when the clock is set back over midnight. */
function rateIn(events: readonly PlainEvent[], question: Question): number | undefined {
  const part = partInWindow(events[0]!.at, question);
  return part > 0n ? rateOf(events.length, part) : undefined;
}

/** Compares groups by what a type makes of their events, the highest first, those without a value last. */
export function compareGroups(one: readonly PlainEvent[], other: readonly PlainEvent[], type: Type): number {
  const ranked = type === "rate" ? "count" : type;
  const [ofOne, ofOther] = [madeOf(one, ranked), madeOf(other, ranked)];
  if (ofOne === undefined || ofOther === undefined) return Number(ofOne === undefined) - Number(ofOther === undefined);
  if (type === "sum" || type === "avg") return compareExactly(numbersOf(other), numbersOf(one), type === "avg");
  return ofOther - ofOne;
}

function madeOf(events: readonly PlainEvent[], type: Exclude<Type, "rate">): number | undefined {
  if (type === "count") return events.length;
  if (type === "distinctPersons") return distinct(events.map(({ personId }) => personId));
  if (type === "distinctSessions") return distinct(events.map(({ sessionId }) => sessionId));
  const numbers = numbersOf(events);
  return numbers.length === 0 ? undefined : VALUES[type](numbers);
}

const numbersOf = (events: readonly PlainEvent[]) =>
  events.flatMap(({ value }) => (value === undefined ? [] : [value])).sort((one, other) => one - other);

type OfValues = Exclude<Type, "count" | "rate" | "distinctPersons" | "distinctSessions">;

/** Of sorted values. */
const VALUES: Record<OfValues, (values: number[]) => number> = {
  sum: sumOf,
  avg: averageOf,
  min: (values) => values[0]!,
  max: (values) => values.at(-1)!,
  p50: nearestRank(50),
  p75: nearestRank(75),
  p90: nearestRank(90),
  p95: nearestRank(95),
  p99: nearestRank(99),
};

function nearestRank(percent: number) {
  return (values: number[]) => values[Math.ceil((percent * values.length) / 100) - 1]!;
}

const distinct = (texts: (string | undefined)[]) => new Set(texts.filter((text) => text !== undefined)).size;

/** How many microseconds of the bucket of a time lie in the window, whose last microsecond is in it. */
function partInWindow(time: Micros, { min, max, unit, zone }: Question): Micros {
  const { from, to } = spanOf(time, unit, zone);
  const start = min !== undefined && min > from ? min : from;
  const end = max !== undefined && max + 1n < to ? max + 1n : to;
  return end - start;
}
