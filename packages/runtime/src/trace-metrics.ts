import { Counter } from "prom-client";

const lost = new Counter({
  name: "ocellus_trace_spans_lost_total",
  help: "Spans that the collector of traces did not take.",
});

export const countLostSpans = (count: number) => lost.inc(count);
