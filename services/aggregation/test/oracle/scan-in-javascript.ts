import type { Micros } from "@ocellus/runtime/time.ts";
import { startOf, timesOfBuckets } from "./calendar-by-temporal.ts";
import { fieldOf, passes } from "./fields-of-events.ts";
import { compareGroups, valuesOf } from "./make-values.ts";
import type { Bucket, PlainEvent, Question } from "./plain-question.ts";

/** A group of events that is answered by itself, or all others. */
interface Group {
  text: string | undefined;
  other: boolean;
  events: PlainEvent[];
}

/** Answers a question about events by looking at each of them. */
export function scan(events: readonly PlainEvent[], question: Question): Bucket[] {
  const { min, max, filters, groupBy, fill } = question;
  const asked = events.filter(
    (event) =>
      (min === undefined || event.at >= min) && (max === undefined || event.at <= max) && passes(event, filters),
  );
  if (asked.length === 0) return [];
  const groups = groupBy === "" ? [{ text: undefined, other: false, events: asked }] : groupsOf(asked, question);
  const buckets = groups.map((group) => bucketsOf(group, question));
  const filled = fill === "none" ? buckets : filledIn(buckets, groups, question);
  // The sort is stable: groups stay in their order.
  return filled.flat().sort((one, other) => compare(one.start, other.start));
}

function groupsOf(events: PlainEvent[], { groupBy, top, types }: Question): Group[] {
  const groups = [...Map.groupBy(events, (event) => fieldOf(event, groupBy))].sort(
    ([one, ofOne], [other, ofOther]) => compareGroups(ofOne, ofOther, types[0]!) || compareTexts(one, other),
  );
  const alone = groups.slice(0, top || 10).map(([text, events]) => ({ text, other: false, events }));
  const others = groups.slice(top || 10).flatMap(([, events]) => events);
  return others.length === 0 ? alone : [...alone, { text: undefined, other: true, events: others }];
}

function bucketsOf({ text, other, events }: Group, question: Question): Bucket[] {
  const { unit, zone } = question;
  return [...Map.groupBy(events, ({ at }) => startOf(at, unit, zone))].map(([start, inIt]) => {
    const [first] = inIt.map(({ at }) => at).sort(compare);
    return { start, first, count: inIt.length, values: valuesOf(inIt, question), group: text, other };
  });
}

function filledIn(buckets: Bucket[][], groups: Group[], { min, max, unit, zone, types, fill }: Question): Bucket[][] {
  const known = buckets.flat().sort((one, other) => compare(one.start, other.start));
  const times = timesOfBuckets(min ?? known[0]!.first!, max ?? known.at(-1)!.first!, unit, zone);
  // Where the clock is set back over midnight, the last time of a window may lie in the day before the last.
  const grid = new Set([...times.map((time) => startOf(time, unit, zone)), ...known.map(({ start }) => start)]);
  const starts = [...grid].sort(compare);
  return groups.map(({ text, other }, index) => {
    const byStart = new Map(buckets[index]!.map((bucket) => [bucket.start, bucket]));
    let before: Bucket["values"] = types.map(() => undefined);
    return starts.map((start) => {
      const bucket = byStart.get(start);
      if (bucket) before = bucket.values;
      const values = types.map((_, type) => (fill === "zero" ? 0 : fill === "previous" ? before[type] : undefined));
      return bucket ?? { start, first: undefined, count: 0, values, group: text, other };
    });
  });
}

const compare = (one: Micros, other: Micros) => (one < other ? -1 : one > other ? 1 : 0);

/** Events without the field are the last. */
function compareTexts(one: string | undefined, other: string | undefined): number {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
  return one < other ? -1 : 1;
}
