import { NAMESPACE } from "../ingest/events.ts";
import { hex, idOf, NULL, randomOf, timeOf } from "../shared/event-fields.ts";

/** A tenth of all events, spread over the year, each with a value. */
export const YEARLONG = "requests";
/** Another tenth, all within the last 30 days of the year. */
export const DENSE = "visits";
/** All others, from the largest; the first has about thirty times as many events as the last. */
export const OTHERS = Array.from({ length: 30 }, (_, index) => `page-${index}`);

export const DAY_MS = 86_400_000;
const DENSE_DAYS = 30;
const YEAR_DAYS = 365;

/** From when to when there are events, in milliseconds since 1970. */
export interface Year {
  start: number;
  end: number;
}

/** The year up to the last midnight of UTC that is an hour ago or more, so that all of it can be materialised. */
export function lastYear(now = Date.now()): Year {
  return yearBefore(Math.floor((now - DAY_MS / 24) / DAY_MS) * DAY_MS);
}

/** The 365 days before a time. */
export function yearBefore(end: number): Year {
  return { start: end - YEAR_DAYS * DAY_MS, end };
}

/** The lines of COPY of `count` events of a year; the same for the same year and count. */
export function* seriesLines(count: number, { start, end }: Year): Generator<string> {
  const random = randomOf(1);
  for (let i = 0; i < count; i++) {
    const name = nameOf(i, random);
    const from = name === DENSE ? end - DENSE_DAYS * DAY_MS : start;
    const micros = from * 1000 + Math.floor((i + random()) * (((end - from) * 1000) / count));
    const session = hex(randomOf(Math.floor(i / 10)), 8);
    const person = random() < 0.75 ? `person-${Math.floor(random() * 300_000)}` : NULL;
    const value = name === YEARLONG || name === DENSE || random() < 0.4 ? durationOf(random) : NULL;
    const data = `{"path":"/products/${Math.floor(random() * 5000)}","host":"web-${i % 8}","status":200,"cached":true}`;
    const time = timeOf(micros);
    yield `${idOf(micros, random)}\t${time}\t${NAMESPACE}\t${name}\tinteraction\tsession-${session}\t${person}\t${value}\t${data}\t${time}\n`;
  }
}

function nameOf(i: number, random: () => number): string {
  if (i % 10 === 0) return YEARLONG;
  if (i % 10 === 1) return DENSE;
  return OTHERS[Math.floor(OTHERS.length ** random()) - 1]!;
}

/** As durations are: most are near 1, the lowest and the highest a hundred times away. */
function durationOf(random: () => number): string {
  const magnitude = random() + random() + random() + random() - 2;
  return (Math.round(10 ** magnitude * 100) / 100).toString();
}
