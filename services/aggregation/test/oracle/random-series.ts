import type { Micros } from "@ocellus/runtime/time.ts";
import { microsOfSql, nowMicros } from "@ocellus/runtime/time.ts";
import fc from "fast-check";
import type { Unit } from "./calendar-by-temporal.ts";
import { PLACES } from "./places.ts";
import { type Question, TYPES, type Unsent } from "./plain-question.ts";

const SECOND: Micros = 1_000_000n;
const HOUR = 3600n * SECOND;
const DAY = 24n * HOUR;
/** How far from such a time events are, at most: from a few in one bucket to a few in each. */
const REACHES = [2n * SECOND, 20n * 60n * SECOND, 3n * HOUR, 2n * DAY, 40n * DAY, 800n * DAY];

/** Where in time a series lies, and by which clock it is asked about. */
export interface Scene {
  zone: string;
  around: Micros;
  reach: Micros;
}

/** Any of the places; and now, where events lie beyond the frontier too. */
export const scenes: fc.Arbitrary<Scene> = fc
  .record({
    place: fc.constantFrom(...PLACES),
    which: fc.nat(),
    reach: fc.constantFrom(...REACHES),
    isNow: fc.integer({ min: 0, max: 5 }).map((dice) => dice === 0),
  })
  .map(({ place: [zone, ...times], which, reach, isNow }) => ({
    zone,
    around: isNow ? nowMicros() : microsOfSql(times[which % times.length]!),
    reach,
  }));

/** A time of the scene; round ones are frequent, since they are the edges of buckets. */
export function timesOf({ around, reach }: Scene): fc.Arbitrary<Micros> {
  const steps = [1n, SECOND, 60n * SECOND, 900n * SECOND, HOUR, DAY];
  return fc
    .record({
      offset: fc.bigInt({ min: -reach, max: reach }),
      step: fc.constantFrom(...steps),
      less: fc.constantFrom(0n, 0n, 0n, 1n),
    })
    .map(({ offset, step, less }) => notAfterNow(around + offset - ((around + offset) % step) - less));
}

function notAfterNow(time: Micros): Micros {
  const now = nowMicros();
  return time > now ? now - ((time - now) % DAY) : time;
}

const values = fc.option(
  fc.oneof(
    fc.integer({ min: -1000, max: 1000 }),
    fc.integer({ min: -100_000, max: 100_000 }).map((cents) => cents / 100),
    fc.double({ min: -1e15, max: 1e15, noNaN: true }),
    fc.constantFrom(0, 0.1, 0.2, 1e300, -1e300, 5e-324, 1e-10),
  ),
  { nil: undefined, freq: 5 },
);

const few = (prefix: string) =>
  fc.option(
    fc.integer({ min: 1, max: 4 }).map((number) => `${prefix}${number}`),
    { nil: undefined },
  );

/** Some of it is absent, null, a number or a truth, and texts look like these. */
const data = fc.record(
  {
    host: fc.constantFrom("web-1", "web-2", "5", "true", "null", 5, 0.5, 1e21, true, null),
    request: fc.record({ status: fc.constantFrom(200, 404, "late", null) }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

const FIELDS = ["category", "session_id", "person_id", "data.host", "data.request.status"];
const filter = fc
  .tuple(
    fc.constantFrom(...FIELDS),
    fc.constantFrom("", "category-1", "session-1", "person-1", "web-1", "5", "0.5", "true", "200", "null"),
  )
  .map(([field, value]) => `${field}=${value}`);

/** Events of a scene. Most are in one series, the others in a second one. */
export function eventsOf(scene: Scene, size: { minLength: number; maxLength: number }): fc.Arbitrary<Unsent[]> {
  const event = fc.record({
    name: fc.constantFrom("asked", "asked", "asked", "other"),
    at: timesOf(scene),
    value: values,
    category: few("category-"),
    personId: few("person-"),
    sessionId: few("session-"),
    data: fc.option(data, { nil: undefined }),
  });
  return fc.array(event, { ...size, size: "max" });
}

const UNITS: Unit[] = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];
const LENGTHS: Partial<Record<Unit, Micros>> = { second: SECOND, minute: 60n * SECOND, hour: HOUR };
/** More buckets than these are refused, and gaps between so many take long to look at one by one. */
const MAX_BUCKETS = 50_000n;
const MAX_FILLED = 1000n;

/** Questions about a scene. */
export function questionsOf(scene: Scene): fc.Arbitrary<Question> {
  const end = fc.option(timesOf(scene), { nil: undefined });
  const zone = fc.constantFrom(scene.zone, scene.zone, "UTC");
  const types = fc.uniqueArray(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 6 });
  const fill = fc.constantFrom<Question["fill"]>("none", "none", "null", "previous", "zero");
  return fc
    .record({
      ends: fc.tuple(end, end),
      unit: fc.constantFrom<Unit>("none", ...UNITS),
      zone,
      types,
      fill,
      filters: fc.oneof({ weight: 3, arbitrary: fc.constant<string[]>([]) }, fc.array(filter, { maxLength: 3 })),
      groupBy: fc.oneof({ weight: 3, arbitrary: fc.constant("") }, fc.constantFrom(...FIELDS)),
      top: fc.integer({ min: 0, max: 4 }),
    })
    .map(({ ends: [one, other], unit, zone, types, fill, filters, groupBy, top }) => {
      const isReversed = one !== undefined && other !== undefined && one > other;
      const [min, max] = isReversed ? [other, one] : [one, other];
      const window = (max ?? scene.around + scene.reach) - (min ?? scene.around - scene.reach) + 2n * DAY;
      const isTooFine = window > MAX_BUCKETS * (LENGTHS[unit] ?? DAY);
      const taken = isTooFine && unit !== "none" ? "day" : unit;
      const isNone = unit === "none";
      const isFilled = !isNone && window <= MAX_FILLED * (LENGTHS[taken] ?? DAY);
      return {
        min,
        max,
        unit: taken,
        zone,
        types: isNone ? withoutRate(types) : types,
        fill: isFilled ? fill : "none",
        filters,
        groupBy,
        top: groupBy === "" ? 0 : top,
      };
    });
}

function withoutRate(types: Question["types"]): Question["types"] {
  const rest = types.filter((type) => type !== "rate");
  return rest.length > 0 ? rest : ["count"];
}
