import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { NewEvent } from "@ocellus/client/outcome.ts";
import { Tracker } from "@ocellus/client/tracker.ts";
import type { Clients } from "./clients.ts";
import { progress } from "./progress.ts";
import { diceOf, uuidOf } from "./seeded.ts";

/** The namespace of the visits. */
export const SHOP = "demo-shop";

const VISITORS = 40;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PAGES = ["/", "/search", "/doors", "/knobs", "/knobs/brass", "/basket", "/checkout"];

/**
 * Sends a day of page visits, of the day before `now` in UTC. Each visitor comes once or twice, hours apart, and looks at some
 * pages, minutes apart. The same day has the same events with the same ids, so that sending it again stores nothing twice.
 */
export async function sendPageVisits({ ingest }: Clients, now: Date): Promise<{ day: Date; visits: number }> {
  const day = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() - 1));
  const events = visitsOf(day);
  const bar = progress("sending a day of page visits", events.length);
  const tracker = new Tracker(ingest, { onOutcome: () => bar.step() });
  for (const event of events) void tracker.track(event);
  const { accepted } = await tracker.close();
  bar.end();
  if (accepted < events.length) {
    const why = tracker.state().lastProblem?.message;
    throw new Error(`${events.length - accepted} of ${events.length} page visits were not accepted: ${why}`);
  }
  return { day, visits: events.length };
}

function visitsOf(day: Date): NewEvent[] {
  const events: NewEvent[] = [];
  for (let visitor = 0; visitor < VISITORS; visitor++) {
    const personId = `visitor-${visitor + 1}`;
    const dice = diceOf(`${day.toISOString()} ${personId}`);
    let time = day.getTime() + 6 * HOUR + dice() * 8 * HOUR;
    for (let session = 0; session <= Math.round(dice()); session++, time += 3 * HOUR) {
      const pages = 1 + Math.floor(dice() * PAGES.length);
      for (let page = 0; page < pages; page++, time += MINUTE * (0.2 + dice() * 9)) {
        const timestamp = timestampFromMs(Math.floor(time));
        const id = uuidOf(`${personId} ${Math.floor(time)}`);
        events.push({ id, namespace: SHOP, name: "pageview", personId, timestamp, data: { path: PAGES[page]! } });
      }
    }
  }
  return events;
}
