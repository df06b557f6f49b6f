import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import type { Logger } from "pino";
import { refusalKeeper } from "../event-errors/keep-refused.ts";
import { disconnectSignal, type HttpRequest, type HttpResponse } from "../http/node-http.ts";
import { MAX_BODY_BYTES, readBody } from "../http/read-body.ts";
import { targetOf } from "../http/request-target.ts";
import { respond, respondError } from "../http/respond.ts";
import { httpStatusOf } from "../http/status-code.ts";
import { parseJson } from "../json/parse-json.ts";
import { type CallNote, noteRoute } from "../metrics.ts";
import { answerOtherMethod } from "../rest/answer-other-method.ts";
import { findRoute } from "../rest/find-route.ts";
import { requireJson, requireJsonIfDeclared } from "../rest/media-type.ts";
import { statusOf } from "../upstream-status.ts";
import type { Upstream } from "../upstreams.ts";
import { contractOf } from "./contract.ts";
import type { PlainRoute } from "./plain-route.ts";
import { type Received, RefusedList, refusalOf, refusalsIn } from "./refused-events.ts";
import { routes } from "./routes.ts";

/** Whether a request is for the dialect: its paths have no version. */
export function isPlain(request: HttpRequest): boolean {
  return /^\/(events|sessions|errors|persons|api)(\/|$)/.test(targetOf(request).path);
}

/** Answers the requests of the plain dialect by calls of the contract, and keeps the events that are refused. */
export function servePlain(upstreams: readonly Upstream[], log: Logger) {
  const keepRefused = refusalKeeper(upstreams, log);
  return async (request: HttpRequest, response: HttpResponse, note: CallNote): Promise<void> => {
    const received: Received = {};
    let route: PlainRoute | undefined;
    try {
      const { path, query } = targetOf(request);
      const found = findRoute(routes, request.method ?? "", path.replace(/\/$/, ""));
      [route] = found.routes;
      noteRoute(note, route);
      if (!route) return answerOtherMethod(request, response, path, found.allow);
      if (route.body !== "none") await receive(request, route, received);
      const { status, json, refused } = await route.handle({
        http: request,
        bound: (variable) => found.bound.get(variable)!,
        query,
        body: received.json,
        contract: contractOf(upstreams, disconnectSignal(response)),
      });
      if (refused) await keepRefused(refusalsIn(refused, request));
      if (json === undefined) response.writeHead(status).end();
      else respond(response, status, json);
    } catch (error) {
      const status = statusOf(error, log);
      if (route?.keepsRefused && httpStatusOf(status) === 400) {
        await keepRefused(
          error instanceof RefusedList ? refusalsIn(error.items, request) : [refusalOf(status, received, request)],
        );
      }
      respondError(response, status);
    }
  };
}

/** Reads the JSON of a body, and notes what was received even where it cannot be read. */
async function receive(request: HttpRequest, { body }: PlainRoute, received: Received): Promise<void> {
  requireJsonIfDeclared(request);
  received.bytes = await readBody(request, MAX_BODY_BYTES, (start) => {
    received.bytes = start;
    received.size = Math.max(Number(request.headers["content-length"] ?? 0), MAX_BODY_BYTES + 1);
    return invalidArgument([{ field: "body", description: `must have at most ${MAX_BODY_BYTES} bytes, and has more` }]);
  });
  if (received.bytes.length === 0 && body === "optional") return;
  if (received.bytes.length > 0) requireJson(request);
  received.json = parseJson(received.bytes);
}
