import { Counter } from "prom-client";

const folded = new Counter({
  name: "ocellus_events_sessionised_total",
  help: "Changes of events that were folded into sessions, those of events that belong to none included.",
});

export const countFolded = (count: number) => folded.inc(count);
