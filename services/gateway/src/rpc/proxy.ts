import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import { ConnectError, createContextKey, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import type { Logger } from "pino";
import type { Caller, GuardedOptions, GuardedUpstream } from "../access/guard.ts";
import type { KeepRefused } from "../event-errors/keep-refused.ts";
import { keepRefusedCall, keepRefusedEvents, keptHere, type ReceivedCall } from "../event-errors/refused-call.ts";
import { toldSource } from "../event-errors/source.ts";
import { httpStatusOf } from "../http/status-code.ts";
import type { CallNote } from "../metrics.ts";
import { statusOf } from "../upstream-status.ts";
import { connectErrorOf } from "./connect-error.ts";

/** The request, where it was decoded before Connect saw it. */
export const decodedRequest = createContextKey<Message | undefined>(undefined);

/** The bytes of the request, where they were taken out before Connect saw them. */
export const undecodedRequest = createContextKey<Uint8Array | undefined>(undefined);

/** Where the outcome of the call is noted. */
export const callNote = createContextKey<CallNote | undefined>(undefined);

/** The call as far as it was read before Connect saw it, and where it came from. */
export const receivedCall = createContextKey<ReceivedCall | undefined>(undefined);

/** Whom the call is made for. */
export const callerKey = createContextKey<Caller | undefined>(undefined);

/** Serves every method of a service by calling it upstream, with the caller's deadline and cancellation. */
export function proxyOf(upstream: GuardedUpstream, keep: KeepRefused, log: Logger): ServiceImpl<DescService> {
  const methods = upstream.descriptor.methods.map((method) => [method.localName, proxy(method, upstream, keep, log)]);
  return Object.fromEntries(methods);
}

function proxy(method: DescMethod, upstream: GuardedUpstream, keep: KeepRefused, log: Logger) {
  const failure = (error: unknown, context: HandlerContext) => {
    const status = statusOf(error, log);
    const note = context.values.get(callNote);
    if (note) note.status = httpStatusOf(status);
    return connectErrorOf(status);
  };
  if (method.methodKind === "unary") {
    return async (request: Message, context: HandlerContext) => {
      const received = context.values.get(receivedCall);
      // What was not read as JSON here is kept by the service, which is told of its source; unless it cannot be read at all.
      const isOurs = received?.request !== undefined;
      let isSent = false;
      try {
        const message = requestIn(method, request, context);
        isSent = true;
        const told = isOurs ? keptHere(method) : toldSource(method, received);
        const response = await upstream.call(method, message, { ...optionsOf(context), ...told });
        if (isOurs) await keepRefusedEvents(keep, received, response);
        return response;
      } catch (error) {
        if (received && (isOurs || !isSent)) await keepRefusedCall(keep, received, statusOf(error, log));
        throw failure(error, context);
      }
    };
  }
  return async function* (requests: Message | AsyncIterable<Message>, context: HandlerContext) {
    let read: Readable = { requests };
    try {
      read =
        Symbol.asyncIterator in requests
          ? untilUnreadable(requests)
          : { requests: requestIn(method, requests, context) };
      yield* upstream.stream(method, read.requests, {
        ...optionsOf(context),
        ...toldSource(method, context.values.get(receivedCall)),
      });
      if (read.problem && !context.signal.aborted) throw read.problem;
    } catch (error) {
      throw failure(error, context);
    }
  };
}

function requestIn(method: DescMethod, request: Message, { values }: HandlerContext): Message {
  const bytes = values.get(undecodedRequest);
  return values.get(decodedRequest) ?? (bytes ? decode(method.input, bytes) : request);
}

/** What is sent upstream, and what was wrong with a message after it. */
interface Readable {
  requests: Message | AsyncIterable<Message>;
  problem?: ServiceError;
}

/** The messages up to the first that cannot be read, so that what came before it is answered before the problem is told. */
function untilUnreadable(messages: AsyncIterable<Message>): Readable {
  const read: Readable = { requests: readable() };
  async function* readable() {
    try {
      yield* messages;
    } catch (error) {
      const { rawMessage } = ConnectError.from(error);
      read.problem = new ServiceError(`A message of the stream cannot be read: ${rawMessage}`, {
        code: Code.INVALID_ARGUMENT,
        reason: ErrorReason.MALFORMED_BODY,
      });
    }
  }
  return read;
}

/** A deadline is passed on only where there is one, so that the client's own default holds otherwise. */
function optionsOf({ signal, timeoutMs, values }: HandlerContext): GuardedOptions {
  const caller = values.get(callerKey);
  if (!caller) throw new Error("A call has come to its service without a caller");
  const left = timeoutMs();
  return left === undefined ? { signal, caller } : { signal, caller, timeoutMs: left };
}
