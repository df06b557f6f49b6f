import { type ContextValues, createConnectRouter, createContextValues } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import type { Door } from "../access/door.ts";
import type { GuardedUpstream } from "../access/guard.ts";
import { permissionOf, requirePermission } from "../access/permissions.ts";
import { keepRefusedCall, type ReceivedCall } from "../event-errors/refused-call.ts";
import { sourceOf } from "../event-errors/source.ts";
import type { HttpRequest, HttpResponse } from "../http/node-http.ts";
import { errorDetails, respondError } from "../http/respond.ts";
import { httpCodeOf } from "../http/status-code.ts";
import type { CallNote } from "../metrics.ts";
import { statusOf } from "../upstream-status.ts";
import { answerUnread } from "./answer-unread.ts";
import { blamingSender } from "./blaming-sender.ts";
import { forgetEndlessTimeout } from "./forget-endless-timeout.ts";
import { callerKey, callNote, decodedRequest, proxyOf, receivedCall, undecodedRequest } from "./proxy.ts";
import { readJsonRequest } from "./read-json-request.ts";
import { formatOf, readSingleMessage } from "./single-message.ts";

/** A Struct takes three levels of messages for each of its own, of which an event may have 32. */
const RECURSION_LIMIT = 400;
/** The largest message of a stream: these are not counted among what is in hand. It lies above the contract's own limit. */
const MAX_STREAMED_BYTES = 8 * 1024 * 1024;

/** Answers Connect, gRPC-Web and gRPC for every method of the upstreams. */
export function serveRpc(upstreams: readonly GuardedUpstream[], { authenticator, keep, limits, log }: Door) {
  const router = createConnectRouter({
    readMaxBytes: Math.min(MAX_STREAMED_BYTES, limits.messageBytes),
    acceptCompression: [compressionGzip, compressionBrotli].map(blamingSender),
    binaryOptions: { recursionLimit: RECURSION_LIMIT },
    jsonOptions: { recursionLimit: RECURSION_LIMIT, ignoreUnknownFields: false, registry: errorDetails },
  });
  for (const upstream of upstreams) router.service(upstream.descriptor, proxyOf(upstream, keep, log));
  const handlers = new Map(
    router.handlers.filter(({ method }) => permissionOf(method)).map((handler) => [handler.requestPath, handler]),
  );

  return async (request: HttpRequest, response: HttpResponse, note: CallNote): Promise<void> => {
    const path = request.url?.split("?", 1)[0] ?? "";
    const handler = handlers.get(path);
    if (!handler) return respondError(response, statusOf(unknownMethod(path), log));
    note.route = `${handler.service.typeName}/${handler.method.name}`;

    const received: ReceivedCall = { methods: [handler.method], body: {}, ...sourceOf(request, note.protocol) };
    const values = createContextValues().set(callNote, note).set(receivedCall, received);
    try {
      const principal = await authenticator.principalOf(request);
      requirePermission(principal, handler.method);
      received.principal = principal;
      values.set(callerKey, { principal, address: received.address });
    } catch (error) {
      return answerUnread(request, response, handler.method, statusOf(error, log), note);
    }
    forgetEndlessTimeout(request.headers);
    let universal: UniversalRequest;
    try {
      const format = formatOf(handler.method, request);
      const single = format && (await readSingleMessage(request, format, received.body, limits));
      if (single?.message && format!.isJson) {
        values.set(decodedRequest, readJsonRequest(handler.method, single.message, received, limits));
      } else if (single) values.set(undecodedRequest, single.message);
      universal = universalRequestOf(request, response, values);
      if (single) {
        universal.header.set("content-length", String(single.body.length));
        universal.body = createAsyncIterable([single.body]);
      } else universal.body = keptOpen(universal.body as AsyncIterable<Uint8Array>);
    } catch (error) {
      const status = statusOf(error, log);
      await keepRefusedCall(keep, received, status);
      return answerUnread(request, response, handler.method, status, note);
    }
    const answer = await handler(universal);
    response.once("finish", () => {
      const code = Number(answer.trailer?.get("grpc-status") ?? 0);
      if (code !== 0) note.status ??= httpCodeOf(code);
    });
    await universalResponseToNodeResponse(answer, response);
  };
}

/** Which protocol a request of an RPC's path speaks. */
export function protocolOf({ headers }: HttpRequest): CallNote["protocol"] {
  const type = headers["content-type"] ?? "";
  if (type.startsWith("application/grpc-web")) return "grpc-web";
  return type.startsWith("application/grpc") ? "grpc" : "connect";
}

type UniversalRequest = ReturnType<typeof universalRequestFromNodeRequest>;

/** Connect makes a URL of the host that is named. */
function universalRequestOf(request: HttpRequest, response: HttpResponse, values: ContextValues): UniversalRequest {
  try {
    return universalRequestFromNodeRequest(request, response, undefined, values);
  } catch {
    throw invalidArgument([{ field: "host", description: "must be the name of a host, in the header of this name" }]);
  }
}

/** A body that is not destroyed where reading it ends early: that would end the answer, too, before it says why. */
function keptOpen(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]();
  return { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) };
}

/** gRPC clients read HTTP 404 as UNIMPLEMENTED. */
function unknownMethod(path: string): ServiceError {
  return new ServiceError(`No service has the method ${path.slice(0, 200)}`, {
    code: Code.NOT_FOUND,
    reason: ErrorReason.ROUTE_NOT_FOUND,
  });
}
