import type { JsonValue } from "@bufbuild/protobuf";
import { Code, invalidArgument, type ServiceError } from "@ocellus/runtime/service-error.ts";
import { type Door, keepFor } from "../access/door.ts";
import type { GuardedUpstream } from "../access/guard.ts";
import { requirePermission } from "../access/permissions.ts";
import type { KeepRefused } from "../event-errors/keep-refused.ts";
import { readUnread } from "../event-errors/read-unread.ts";
import { sourceOf } from "../event-errors/source.ts";
import type { BodyLimits } from "../http/body-limits.ts";
import { disconnectSignal, type HttpRequest, type HttpResponse } from "../http/node-http.ts";
import { MAX_BODY_BYTES, type ReceivedBody, readBody } from "../http/read-body.ts";
import { targetOf } from "../http/request-target.ts";
import { respond, respondError } from "../http/respond.ts";
import { parseJson } from "../json/parse-json.ts";
import { type CallNote, noteRoute } from "../metrics.ts";
import { answerOtherMethod } from "../rest/answer-other-method.ts";
import { findRoute } from "../rest/find-route.ts";
import { requireJson, requireJsonIfDeclared } from "../rest/media-type.ts";
import { statusOf } from "../upstream-status.ts";
import { contractOf } from "./contract.ts";
import type { PlainRoute } from "./plain-route.ts";
import { RefusedList, refusalOf, refusalsIn } from "./refused-events.ts";
import { routes } from "./routes.ts";

/** Whether a request is for the dialect: its paths have no version. */
export function isPlain(request: HttpRequest): boolean {
  return /^\/(events|sessions|errors|persons|api)(\/|$)/.test(targetOf(request).path);
}

/** Answers the requests of the plain dialect by calls of the contract, and keeps the events that are refused. */
export function servePlain(upstreams: readonly GuardedUpstream[], { authenticator, keep, limits, log }: Door) {
  return async (request: HttpRequest, response: HttpResponse, note: CallNote): Promise<void> => {
    const source = sourceOf(request, note.protocol);
    const received: Received = { body: {} };
    let route: PlainRoute | undefined;
    /** Nothing is kept of what comes without a token. */
    let keepOwn: KeepRefused | undefined;
    try {
      const { path, query } = targetOf(request);
      const found = findRoute(routes, request.method ?? "", path.replace(/\/$/, ""));
      [route] = found.routes;
      noteRoute(note, route);
      if (!route) return answerOtherMethod(request, response, path, found.allow);
      const principal = await authenticator.principalOf(request);
      for (const method of route.methods) requirePermission(principal, method);
      keepOwn = keepFor(principal, keep);
      if (route.body !== "none") await receive(request, route, received, limits);
      const { status, json, refused } = await route.handle({
        http: request,
        bound: (variable) => found.bound.get(variable)!,
        query,
        body: received.json,
        contract: contractOf(upstreams, {
          signal: disconnectSignal(response),
          caller: { principal, address: source.address },
        }),
      });
      if (refused) await keepOwn(refusalsIn(refused, source));
      if (json === undefined) response.writeHead(status).end();
      else respond(response, status, json);
    } catch (error) {
      const status = statusOf(error, log);
      if (keepOwn && route?.keepsRefused && status.code === Code.INVALID_ARGUMENT) {
        await readUnread(request, received.body, limits.inHandBytes);
        const { body, json } = received;
        await keepOwn(
          error instanceof RefusedList ? refusalsIn(error.items, source) : [refusalOf(status, body, json, source)],
        );
      }
      respondError(response, status);
    }
  };
}

/** What was received of a request, as far as it could be read. */
interface Received {
  body: ReceivedBody;
  json?: JsonValue;
}

async function receive(
  request: HttpRequest,
  route: PlainRoute,
  received: Received,
  { inHandBytes, jsonDepth }: BodyLimits,
): Promise<void> {
  requireJsonIfDeclared(request);
  const bytes = await readBody(request, { maxBytes: MAX_BODY_BYTES, inHandBytes }, tooLarge, received.body);
  if (bytes.length === 0 && route.body === "optional") return;
  if (bytes.length > 0) requireJson(request);
  received.json = parseJson(bytes, jsonDepth);
}

function tooLarge(): ServiceError {
  return invalidArgument([{ field: "body", description: `must have at most ${MAX_BODY_BYTES} bytes, and has more` }]);
}
