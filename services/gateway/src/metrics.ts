import type { Logger } from "pino";
import { Counter, Histogram } from "prom-client";
import type { HttpResponse } from "./http/node-http.ts";
import type { Place } from "./rest/find-route.ts";

const requests = new Counter({
  name: "ocellus_gateway_requests_total",
  help: "Requests that were answered, by route or RPC, protocol and HTTP status (for gRPC, the one of its code).",
  labelNames: ["route", "protocol", "status"],
});
const seconds = new Histogram({
  name: "ocellus_gateway_request_duration_seconds",
  help: "How long a request took from its headers to the end of its answer, by route or RPC and protocol.",
  labelNames: ["route", "protocol"],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
});

const lostRefusals = new Counter({
  name: "ocellus_gateway_event_errors_lost_total",
  help: "Refused events that the error store did not take.",
});

export const countLostRefusals = (count: number) => lostRefusals.inc(count);

/** What is noted of a request while it is answered. */
export interface CallNote {
  /** The route's template or the RPC's name, never the path as sent: labels must be few. */
  route: string;
  protocol: "rest" | "plain" | "connect" | "grpc" | "grpc-web";
  /** The HTTP status of the outcome, where the response itself does not carry it. */
  status?: number;
}

/** Notes the route that a request leads to. */
export function noteRoute(note: CallNote, route: Place | undefined): void {
  if (route) note.route = `${route.httpMethod} ${route.template.text}`;
}

/** Starts to note a request. It is counted and logged when its answer is complete, or its client is gone. */
export function observe(response: HttpResponse, note: CallNote, log: Logger): void {
  const start = performance.now();
  response.once("close", () => {
    const status = note.status ?? (response.headersSent ? response.statusCode : 499);
    const { route, protocol } = note;
    const ms = performance.now() - start;
    requests.inc({ route, protocol, status });
    seconds.observe({ route, protocol }, ms / 1000);
    log.debug({ route, protocol, status, ms: Math.round(ms * 100) / 100 }, "answered");
  });
}
