import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import { createContextKey, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type { CallOptions } from "@ocellus/runtime/grpc-client.ts";
import type { Logger } from "pino";
import { httpStatusOf } from "../http/status-code.ts";
import type { CallNote } from "../metrics.ts";
import { statusOf } from "../upstream-status.ts";
import type { Upstream } from "../upstreams.ts";
import { connectErrorOf } from "./connect-error.ts";

/** The request, where it was decoded before Connect saw it. */
export const decodedRequest = createContextKey<Message | undefined>(undefined);

/** Where the outcome of the call is noted. */
export const callNote = createContextKey<CallNote | undefined>(undefined);

/** Serves every method of a service by calling it upstream, with the caller's deadline and cancellation. */
export function proxyOf(upstream: Upstream, log: Logger): ServiceImpl<DescService> {
  const methods = upstream.descriptor.methods.map((method) => [method.localName, proxy(method, upstream, log)]);
  return Object.fromEntries(methods);
}

function proxy(method: DescMethod, upstream: Upstream, log: Logger) {
  const failure = (error: unknown, context: HandlerContext) => {
    const status = statusOf(error, log);
    const note = context.values.get(callNote);
    if (note) note.status = httpStatusOf(status);
    return connectErrorOf(status);
  };
  if (method.methodKind === "unary") {
    return async (request: Message, context: HandlerContext) => {
      try {
        return await upstream.call(method, context.values.get(decodedRequest) ?? request, optionsOf(context));
      } catch (error) {
        throw failure(error, context);
      }
    };
  }
  return async function* (requests: Message | AsyncIterable<Message>, context: HandlerContext) {
    try {
      yield* upstream.stream(method, requests, optionsOf(context));
    } catch (error) {
      throw failure(error, context);
    }
  };
}

/** A deadline is passed on only where there is one, so that the client's own default holds otherwise. */
function optionsOf({ signal, timeoutMs }: HandlerContext): CallOptions {
  const left = timeoutMs();
  return left === undefined ? { signal } : { signal, timeoutMs: left };
}
