import { Counter } from "prom-client";

/** What may be refused or cut off because it was too much. */
export type Limit = "calls" | "tokens" | "connections" | "pings" | "resets" | "slow_requests" | "stalled_answers";

const refused = new Counter({
  name: "ocellus_refused_by_limit_total",
  help: "Calls that were refused, and calls and connections that were cut off, because they were beyond a limit.",
  labelNames: ["limit"],
});

export const countRefused = (limit: Limit) => refused.inc({ limit });
