import { Counter } from "prom-client";

const marked = new Counter({
  name: "ocellus_events_counted_total",
  help: "Changes of events that reached the aggregates.",
});
const materialised = new Counter({
  name: "ocellus_buckets_materialised_total",
  help: "Buckets that were computed from the events.",
});

export const countMarked = (count: number) => marked.inc(count);
export const countMaterialised = (count: number) => materialised.inc(count);
