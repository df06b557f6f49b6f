import { BUSIEST, END, GONE, HEARTBEAT, RARE, START, sessionIdOf, TINY } from "./event-lines.ts";

/** The filters of a request of GET /v1/events. */
export type Filter = Record<string, string>;

const DAY = 86_400_000;
const iso = (time: number) => new Date(time).toISOString();
const span = (start: number, days: number) => ({ timestampMin: iso(start), timestampMax: iso(start + days * DAY) });

/** Spans of time: all, and some at the old end, in the middle and at the new end. */
const SPANS: Record<string, Filter> = {
  "": {},
  ", oldest 30 days": span(START, 30),
  ", 40 days in the middle": span(Date.UTC(2026, 4, 10), 40),
  ", newest 7 days": span(END - 7 * DAY, 7),
};

/** What may be asked for: each field alone and with others; frequent, rare and absent values. */
export function filtersOf(count: number): [title: string, filter: Filter][] {
  const session = sessionIdOf(Math.floor(count / 20));
  const values: Record<string, string[]> = {
    namespace: ["shop", "intranet", "app-3", TINY, GONE, "absent"],
    name: ["pageview", "name-100", RARE, "absent"],
    category: ["interaction", "billing", "category-0", "absent"],
    sessionId: [HEARTBEAT, session, "absent"],
    personId: [BUSIEST, "person-999", "absent"],
  };
  const pairs: Filter[] = [
    { namespace: "shop", name: "pageview" },
    { namespace: "shop", name: RARE },
    { namespace: TINY, name: "pageview" },
    { namespace: "blog", name: "click" },
    { namespace: "shop", category: "billing" },
    { namespace: "app-3", category: "category-0" },
    { namespace: GONE, category: "interaction" },
    { namespace: "blog", category: "server" },
    { name: "pageview", category: "interaction" },
    { name: RARE, category: "billing" },
    { name: "pageview", category: "billing" },
    { namespace: "shop", name: "pageview", category: "interaction" },
    { namespace: "shop", name: "pageview", category: "billing" },
    { namespace: "blog", name: "click", category: "server" },
    { namespace: "shop", personId: BUSIEST },
    { namespace: TINY, personId: BUSIEST },
    { namespace: "shop", personId: "person-999" },
    { name: RARE, personId: BUSIEST },
    { category: "billing", personId: BUSIEST },
    { namespace: "shop", name: "pageview", personId: BUSIEST },
    { namespace: "shop", sessionId: HEARTBEAT },
    { namespace: TINY, sessionId: HEARTBEAT },
    { namespace: "shop", sessionId: session },
    { name: RARE, sessionId: HEARTBEAT },
    { personId: BUSIEST, sessionId: HEARTBEAT },
    { personId: BUSIEST, sessionId: session },
    { namespace: "shop", name: "pageview", category: "interaction", personId: BUSIEST, sessionId: HEARTBEAT },
  ];
  const singles = Object.entries(values).flatMap(([field, list]) => list.map((value): Filter => ({ [field]: value })));
  return [{}, ...singles, ...pairs].flatMap((filter) =>
    Object.entries(SPANS).map(([title, times]): [string, Filter] => [titleOf(filter) + title, { ...filter, ...times }]),
  );
}

function titleOf(filter: Filter): string {
  const parts = Object.entries(filter).map(([field, value]) => `${field}=${value.slice(0, 20)}`);
  return parts.join(" ") || "all";
}
