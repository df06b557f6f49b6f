import type { DescMethod } from "@bufbuild/protobuf";
import { type ContextValues, createConnectRouter, createContextValues } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorToJson } from "@connectrpc/connect/protocol-connect";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import type { Logger } from "pino";
import type { KeepRefused } from "../event-errors/keep-refused.ts";
import { keepRefusedCall, type ReceivedCall } from "../event-errors/refused-call.ts";
import { sourceOf } from "../event-errors/source.ts";
import type { HttpRequest, HttpResponse } from "../http/node-http.ts";
import { errorDetails, respond, respondError } from "../http/respond.ts";
import { httpCodeOf } from "../http/status-code.ts";
import type { CallNote } from "../metrics.ts";
import { statusOf } from "../upstream-status.ts";
import type { Upstream } from "../upstreams.ts";
import { connectErrorOf } from "./connect-error.ts";
import { callNote, decodedRequest, proxyOf, receivedCall, undecodedRequest } from "./proxy.ts";
import { isUnaryBinary, readUnaryBinary } from "./unary-binary.ts";
import { isUnaryJson, MAX_MESSAGE_BYTES, readUnaryJson } from "./unary-json.ts";

/** What is not for callers from outside: a door tells of what it refused, and the sessions service purges whom it deletes. */
const WITHIN: readonly DescMethod[] = [EventErrorService.method.recordEventErrors, EventService.method.purgeEvents];

/** A Struct takes three levels of messages for each of its own, of which an event may have 32. */
const RECURSION_LIMIT = 400;

/** Answers Connect, gRPC-Web and gRPC for every method of the upstreams. */
export function serveRpc(upstreams: readonly Upstream[], keep: KeepRefused, log: Logger) {
  const router = createConnectRouter({
    readMaxBytes: MAX_MESSAGE_BYTES,
    acceptCompression: [compressionGzip, compressionBrotli],
    binaryOptions: { recursionLimit: RECURSION_LIMIT },
    jsonOptions: { recursionLimit: RECURSION_LIMIT, ignoreUnknownFields: false, registry: errorDetails },
  });
  for (const upstream of upstreams) router.service(upstream.descriptor, proxyOf(upstream, keep, log));
  const handlers = new Map(
    router.handlers.filter(({ method }) => !WITHIN.includes(method)).map((handler) => [handler.requestPath, handler]),
  );

  return async (request: HttpRequest, response: HttpResponse, note: CallNote): Promise<void> => {
    const path = request.url?.split("?", 1)[0] ?? "";
    const handler = handlers.get(path);
    if (!handler) return respondError(response, statusOf(unknownMethod(path), log));
    note.route = `${handler.service.typeName}/${handler.method.name}`;

    const received: ReceivedCall = { methods: [handler.method], body: {}, ...sourceOf(request, note.protocol) };
    const values = createContextValues().set(callNote, note).set(receivedCall, received);
    let universal: UniversalRequest;
    try {
      const isDecodedHere = isUnaryJson(handler.method, request);
      if (isDecodedHere) values.set(decodedRequest, await readUnaryJson(handler.method, request, received));
      const binary = isUnaryBinary(handler.method, request) ? await readUnaryBinary(request) : undefined;
      universal = universalRequestOf(request, response, isDecodedHere, values);
      if (binary) {
        values.set(undecodedRequest, binary.message);
        received.body = { bytes: binary.message ?? binary.body };
        universal.header.set("content-length", String(binary.body.length));
        universal.body = createAsyncIterable([binary.body]);
      } else if (!isDecodedHere) universal.body = keptOpen(universal.body as AsyncIterable<Uint8Array>);
    } catch (error) {
      const status = statusOf(error, log);
      await keepRefusedCall(keep, received, status);
      const refusal = connectErrorOf(status);
      return respond(response, codeToHttpStatus(refusal.code), errorToJson(refusal, undefined));
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

/** Connect decodes an empty request in place of one that was decoded here, and makes a URL of the host that is named. */
function universalRequestOf(
  request: HttpRequest,
  response: HttpResponse,
  isDecoded: boolean,
  values: ContextValues,
): UniversalRequest {
  try {
    return universalRequestFromNodeRequest(request, response, isDecoded ? {} : undefined, values);
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
