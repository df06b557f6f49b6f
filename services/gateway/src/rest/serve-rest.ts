import type { JsonValue } from "@bufbuild/protobuf";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import { Code } from "@ocellus/runtime/service-error.ts";
import type { Door } from "../access/door.ts";
import { requirePermission } from "../access/permissions.ts";
import { readUnread } from "../event-errors/read-unread.ts";
import { keepRefusedCall, keepsRefusals, type ReceivedCall } from "../event-errors/refused-call.ts";
import { sourceOf } from "../event-errors/source.ts";
import type { SwiftEvents } from "../events/swift-events.ts";
import type { BodyLimits } from "../http/body-limits.ts";
import { disconnectSignal, type HttpRequest, type HttpResponse } from "../http/node-http.ts";
import { type Page, servePage } from "../http/page.ts";
import { MAX_BODY_BYTES, type ReceivedBody, readBody } from "../http/read-body.ts";
import { targetOf } from "../http/request-target.ts";
import { respond, respondError } from "../http/respond.ts";
import { parseJson } from "../json/parse-json.ts";
import { type CallNote, noteRoute } from "../metrics.ts";
import { apiPages } from "../openapi/pages.ts";
import { statusOf } from "../upstream-status.ts";
import { answerOtherMethod } from "./answer-other-method.ts";
import { answerUnary, readMessage } from "./answer-unary.ts";
import { bodyTooLarge, chooseRoute } from "./choose-route.ts";
import { type Found, routeFinder } from "./find-route.ts";
import { requireJson, requireJsonIfDeclared } from "./media-type.ts";
import { overview } from "./overview.ts";
import { type Sent, statusAsSent } from "./paths-as-sent.ts";
import { sentAs } from "./read-request.ts";
import { isStream, type Route } from "./routes.ts";
import { serveEventStream } from "./serve-event-stream.ts";

const PAGE_METHODS = ["GET", "HEAD", "OPTIONS"];

/** Answers REST requests by calls of the RPCs that the routes lead to, and documents the routes. */
export function serveRest(routes: readonly Route[], events: SwiftEvents, door: Door) {
  const { keep, limits, log } = door;
  const pages = apiPages(routes);
  const find = routeFinder(routes);
  return async (request: HttpRequest, response: HttpResponse, note: CallNote): Promise<void> => {
    let translate = (status: Status) => status;
    const knownAs = (sent: Sent) => {
      translate = (status) => statusAsSent(status, sent);
    };
    const received: ReceivedCall = { methods: [], body: {}, ...sourceOf(request, note.protocol) };
    try {
      await answer({ routes, find, pages, events, door }, request, response, note, knownAs, received);
    } catch (error) {
      const status = translate(statusOf(error, log));
      if (status.code === Code.INVALID_ARGUMENT && received.methods.some(keepsRefusals)) {
        await readUnread(request, received.body, limits.inHandBytes);
        await keepRefusedCall(keep, received, status);
      }
      respondError(response, status);
    }
  };
}

interface Served {
  routes: readonly Route[];
  find: (httpMethod: string, path: string) => Found<Route>;
  /** What is answered as it is, by path. */
  pages: ReadonlyMap<string, Page>;
  events: SwiftEvents;
  door: Door;
}

async function answer(
  { routes, find, pages, events, door }: Served,
  request: HttpRequest,
  response: HttpResponse,
  note: CallNote,
  knownAs: (sent: Sent) => void,
  received: ReceivedCall,
): Promise<void> {
  const { path, query } = targetOf(request);
  const httpMethod = request.method ?? "";
  if (path === "/" && (httpMethod === "GET" || httpMethod === "HEAD")) return respond(response, 200, overview(routes));
  const page = pages.get(path);
  if (page && (httpMethod === "GET" || httpMethod === "HEAD")) {
    note.route = `GET ${path}`;
    return servePage(page, request, response);
  }

  const isPage = page !== undefined || path === "/";
  const found = isPage ? { routes: [], bound: new Map(), allow: PAGE_METHODS } : find(httpMethod, path);
  noteRoute(note, found.routes[0]);
  if (found.routes.length === 0) return answerOtherMethod(request, response, path, found.allow);
  const principal = await door.authenticator.principalOf(request);
  requirePermission(principal, found.routes[0]!.method);
  received.principal = principal;
  received.methods = found.routes.map(({ method }) => method);
  const body = found.routes[0]!.body
    ? await readJsonBody(request, found.routes, received.body, door.limits)
    : undefined;
  if (body !== undefined) received.json = body;
  const route = body === undefined ? found.routes[0]! : chooseRoute(found.routes, body);
  received.methods = [route.method];
  const parts = { bound: found.bound, query, body };
  const sent = sentAs(route, parts);
  const caller = { principal, address: received.address };
  const call = { sent, parts, received, caller, signal: disconnectSignal(response), keep: door.keep, knownAs };
  if (!isStream(route)) return answerUnary(call, events, response);
  const stream = {
    route,
    request: await readMessage(call),
    caller,
    signal: call.signal,
    statusOf: (error: unknown) => statusAsSent(statusOf(error, door.log), sent),
  };
  return serveEventStream(stream, request, response, note);
}

async function readJsonBody(
  request: HttpRequest,
  routes: readonly Route[],
  received: ReceivedBody,
  { inHandBytes, jsonDepth }: BodyLimits,
): Promise<JsonValue> {
  requireJsonIfDeclared(request);
  const tooLarge = (start: Uint8Array) => bodyTooLarge(routes, start, MAX_BODY_BYTES);
  const bytes = await readBody(request, { maxBytes: MAX_BODY_BYTES, inHandBytes }, tooLarge, received);
  if (bytes.length > 0) requireJson(request);
  return parseJson(bytes, jsonDepth);
}
