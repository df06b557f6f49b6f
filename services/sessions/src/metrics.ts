import { Counter, Gauge } from "prom-client";

const folded = new Counter({
  name: "ocellus_events_sessionised_total",
  help: "Changes of events that were folded into sessions, those of events that belong to none included.",
});
const deletions = new Counter({
  name: "ocellus_person_deletions_total",
  help: "Persons that were deleted with all their events and sessions.",
});
const unfinished = new Gauge({
  name: "ocellus_person_deletions_unfinished",
  help: "Persons whose deletion has begun and is not finished, as of the last sweep.",
});
const swept = new Counter({
  name: "ocellus_signups_swept_total",
  help: "Signup events that were tracked later than their persons were registered.",
});

export const countFolded = (count: number) => folded.inc(count);
export const countDeletion = (count: number) => deletions.inc(count);
export const setDeletionsUnfinished = (count: number) => unfinished.set(count);
export const countSweptSignup = () => swept.inc();
