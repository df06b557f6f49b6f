import type { JsonValue } from "@bufbuild/protobuf";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import type { Logger } from "pino";
import { disconnectSignal, type HttpRequest, type HttpResponse } from "../http/node-http.ts";
import { MAX_BODY_BYTES, readBody } from "../http/read-body.ts";
import { targetOf } from "../http/request-target.ts";
import { respond, respondError } from "../http/respond.ts";
import { parseJson } from "../json/parse-json.ts";
import { type CallNote, noteRoute } from "../metrics.ts";
import { answerOtherMethod } from "../rest/answer-other-method.ts";
import { findRoute } from "../rest/find-route.ts";
import { requireJson, requireJsonIfDeclared } from "../rest/media-type.ts";
import { statusOf } from "../upstream-status.ts";
import type { Upstream } from "../upstreams.ts";
import { contractOf } from "./contract.ts";
import type { PlainRoute } from "./plain-route.ts";
import { routes } from "./routes.ts";

/** Whether a request is for the dialect: its paths have no version. */
export function isPlain(request: HttpRequest): boolean {
  return /^\/(events|sessions|errors|persons|api)(\/|$)/.test(targetOf(request).path);
}

/** Answers the requests of the plain dialect by calls of the contract. */
export function servePlain(upstreams: readonly Upstream[], log: Logger) {
  return async (request: HttpRequest, response: HttpResponse, note: CallNote): Promise<void> => {
    try {
      await answer(upstreams, request, response, note);
    } catch (error) {
      respondError(response, statusOf(error, log));
    }
  };
}

async function answer(upstreams: readonly Upstream[], request: HttpRequest, response: HttpResponse, note: CallNote) {
  const { path, query } = targetOf(request);
  const { routes: found, bound, allow } = findRoute(routes, request.method ?? "", path.replace(/\/$/, ""));
  const [route] = found;
  noteRoute(note, route);
  if (!route) return answerOtherMethod(request, response, path, allow);
  const { status, json } = await route.handle({
    http: request,
    bound: (variable) => bound.get(variable)!,
    query,
    contract: contractOf(upstreams, disconnectSignal(response)),
    body: route.body === "none" ? undefined : await readJson(request, route),
  });
  if (json === undefined) response.writeHead(status).end();
  else respond(response, status, json);
}

async function readJson(request: HttpRequest, { body }: PlainRoute): Promise<JsonValue | undefined> {
  requireJsonIfDeclared(request);
  const bytes = await readBody(request, MAX_BODY_BYTES, () => {
    return invalidArgument([{ field: "body", description: `must have at most ${MAX_BODY_BYTES} bytes, and has more` }]);
  });
  if (bytes.length === 0 && body === "optional") return undefined;
  if (bytes.length > 0) requireJson(request);
  return parseJson(bytes);
}
