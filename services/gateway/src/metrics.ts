import { Counter, Histogram } from "prom-client";
import type { Place } from "./rest/find-route.ts";

/** By what requests are told apart: each has few values. */
export interface RequestLabels {
  http_request_method: string;
  http_route: string;
  http_response_status_code: number;
  protocol: string;
}

const seconds = new Histogram({
  name: "http_server_request_duration_seconds",
  help: "How long requests took from their headers to the end of their answer, in seconds, by the template of their route or their RPC, and HTTP status (for gRPC, the one of its code).",
  labelNames: ["http_request_method", "http_route", "http_response_status_code", "protocol"],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
});

const lostRefusals = new Counter({
  name: "ocellus_gateway_event_errors_lost_total",
  help: "Refused events that the error store did not take.",
});

const refusedTokens = new Counter({
  name: "ocellus_gateway_tokens_refused_total",
  help: "Tokens that were refused with 401 or 403 before any call was made: forged, expired, revoked, or of people who are not let in.",
});

export const timeRequest = (labels: RequestLabels, took: number) => seconds.observe({ ...labels }, took);

export const countRefusedTokens = () => refusedTokens.inc();

export const countLostRefusals = (count: number) => lostRefusals.inc(count);

/** The route of a request that leads nowhere. */
export const NO_ROUTE = "none";

/** What is noted of a request while it is answered. */
export interface CallNote {
  /** The route's template or the RPC's name, never the path as sent: labels must be few. */
  route: string;
  protocol: "rest" | "plain" | "connect" | "grpc" | "grpc-web" | "oauth2";
  /** The HTTP status of the outcome, where the response itself does not carry it. */
  status?: number;
}

/** Notes the route that a request leads to. */
export function noteRoute(note: CallNote, route: Place | undefined): void {
  if (route) note.route = `${route.httpMethod} ${route.template.text}`;
}
