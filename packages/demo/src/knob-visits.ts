import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { diceOf, uuidOf } from "./seeded.ts";

/** The namespace of these visits. `make up` lets the daily job alone close its sessions. */
export const DOOR_KNOBS = "bobs-door-knobs";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Just within the idle timeout, so that a visit is one session. */
const PAUSE = HOUR / 2;
const SITE = "https://bobs-door-knobs.example";
const PAGES = ["/", "/brass", "/porcelain", "/basket"];

/** Hits of one visitor, half an hour apart: one session. */
export interface KnobVisit {
  visitor: string;
  /** In milliseconds since 1970, ascending. */
  hits: number[];
}

/**
 * The visits of yesterday and today, in UTC: yesterday four from noon, one in the evening and one on past midnight; today four from
 * midnight. The same days have the same visits.
 */
export function knobVisits(now: Date): KnobVisit[] {
  const today = now.getTime() - (now.getTime() % DAY);
  const visits: KnobVisit[] = [];
  const visit = (start: number, count: number) => {
    const hits = Array.from({ length: count }, (_, hit) => start + hit * PAUSE);
    visits.push({ visitor: `visitor${visits.length + 1}`, hits });
  };
  const dice = diceOf(`${DOOR_KNOBS} ${today}`);
  const from5To17 = () => 5 + Math.floor(dice() * 13);
  for (let i = 0; i < 4; i++) visit(today - 12 * HOUR, from5To17());
  visit(today - 2 * HOUR, 3);
  visit(today - HOUR, 4);
  for (let i = 0; i < 4; i++) visit(today, from5To17());
  return visits;
}

/** The visits without their hits after `now`, which would be refused. Each keeps some, as the last ones start at midnight. */
export function visitsUntil(now: Date, visits: KnobVisit[]): KnobVisit[] {
  return visits.map(({ visitor, hits }) => ({ visitor, hits: hits.filter((time) => time <= now.getTime()) }));
}

/** The events of a visit. They have the same ids each time, so that sending them again stores nothing twice. */
export function eventsOf({ visitor, hits }: KnobVisit): MessageInitShape<typeof EventSchema>[] {
  const pageOf = (hit: number) => SITE + PAGES[hit % PAGES.length];
  return hits.map((time, hit) => ({
    id: uuidOf(`${DOOR_KNOBS} ${visitor} ${time}`),
    namespace: DOOR_KNOBS,
    name: "pageview",
    personId: visitor,
    timestamp: timestampFromMs(time),
    data: {
      url: pageOf(hit),
      referrer_url: hit === 0 ? "https://search.example/?q=door+knobs" : pageOf(hit - 1),
      timezone_offset: -60,
    },
  }));
}
