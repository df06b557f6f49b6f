import { type Span, type TraceHeaders, tracer } from "@ocellus/runtime/tracing.ts";
import type { Logger } from "pino";
import type { HttpRequest, HttpResponse } from "./http/node-http.ts";
import { type CallNote, NO_ROUTE, type RequestLabels, timeRequest } from "./metrics.ts";

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * Starts to note a request, which is counted, timed, logged and told as a span when its answer is complete, or its client is gone. Answers
 * the span, of which a caller's own is the parent.
 */
export function observe(request: HttpRequest, response: HttpResponse, note: CallNote, log: Logger): Span | undefined {
  const start = performance.now();
  // Over HTTP/2 a client may send any word.
  const method = METHODS.has(request.method ?? "") ? request.method! : "_OTHER";
  const span = beginSpan(request, method);
  response.once("close", () => {
    const status = note.status ?? (response.headersSent ? response.statusCode : 499);
    const { route, protocol } = note;
    const ms = performance.now() - start;
    const labels = {
      http_request_method: method,
      http_route: templateIn(route),
      http_response_status_code: status,
      protocol,
    };
    timeRequest(labels, ms / 1000);
    if (span) endSpan(span, labels);
    log.debug({ route, protocol, status, ms: Math.round(ms * 100) / 100 }, "answered");
  });
  return span;
}

/** `/v1/events/{id}` in `GET /v1/events/{id}`, and the path of an RPC. */
function templateIn(route: string): string {
  if (route === NO_ROUTE) return route;
  const [first, template] = route.split(" ");
  return template ?? `/${first}`;
}

function beginSpan({ headers }: HttpRequest, method: string): Span | undefined {
  const { traceparent, tracestate } = headers as TraceHeaders;
  return tracer()?.begin(
    { name: method, kind: "server", attributes: { "http.request.method": method } },
    { traceparent, tracestate },
  );
}

function endSpan(span: Span, labels: RequestLabels): void {
  const { http_request_method: method, http_route: route, http_response_status_code: status, protocol } = labels;
  if (route !== NO_ROUTE) {
    span.rename(`${method} ${route}`);
    span.set({ "http.route": route });
  }
  span.set({ "http.response.status_code": status, "ocellus.protocol": protocol });
  span.end(status >= 500 ? String(status) : undefined);
}
