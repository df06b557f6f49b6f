import { Counter, Gauge } from "prom-client";

const accepted = new Counter({ name: "ocellus_events_accepted_total", help: "Events that were accepted." });
const refused = new Counter({ name: "ocellus_events_refused_total", help: "Events that were refused." });
const stored = new Counter({ name: "ocellus_events_stored_total", help: "Events that were stored." });
const duplicates = new Counter({
  name: "ocellus_events_duplicate_total",
  help: "Accepted events that were stored already.",
});
const failed = new Counter({ name: "ocellus_events_failed_total", help: "Accepted events that became an error." });

const cutOff = new Counter({ name: "ocellus_watchers_cut_off_total", help: "Watchers that were too slow." });

/** How many watch events now. */
export const watchersNow = new Gauge({ name: "ocellus_watchers", help: "Those who watch events now." });

export const countAccepted = (count: number) => accepted.inc(count);
export const countRefused = (count: number) => refused.inc(count);
export const countStored = (count: number) => stored.inc(count);
export const countDuplicates = (count: number) => duplicates.inc(count);
export const countFailed = (count: number) => failed.inc(count);
export const countCutOff = () => cutOff.inc();
