import type { DescMessage, DescMethod, Message } from "@bufbuild/protobuf";
import {
  type handleUnaryCall,
  type MethodDefinition,
  type ServerDuplexStream,
  type ServiceDefinition,
  status,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Logger } from "pino";
import { answerInOrder } from "./answer-in-order.ts";
import { callerOf } from "./caller.ts";
import type { AnyService, CallContext } from "./handlers.ts";
import { decode, encode } from "./message-codec.ts";
import { limitIn, TOLD_NAMESPACES } from "./namespace-limit.ts";
import { ObservedMethod } from "./observe-call.ts";
import { peerNameOf } from "./peer-name.ts";
import { type Peers, requirePeer } from "./peers.ts";
import { RawStream, RawUnary, type ServedHandlers } from "./raw-handler.ts";
import { toGrpcStatus, toServiceError } from "./status.ts";
import { writeAll } from "./write-all.ts";

/** A service of the contract with the handlers that serve it, ready for a grpc-js server. */
export interface ServedService {
  descriptor: AnyService;
  definition: ServiceDefinition;
  implementation: UntypedServiceImplementation;
}

/** What a service cannot answer without, such as its database. */
export interface Dependency {
  /** Does the work, or throws UNAVAILABLE as soon as the dependency cannot be reached. */
  whileReachable<T>(work: () => Promise<T>): Promise<T>;
}

/** What a served service shares among its calls. */
export interface ServiceOptions<S extends AnyService = AnyService> {
  log: Logger;
  /** Every call of the service needs it, but those of the methods in `without`: a stream ends when it is lost. */
  requires?: Dependency;
  without?: readonly string[];
  /** Who may call each method. Default: everybody with a certificate. */
  peers?: Peers<S>;
}

const { OK, CANCELLED } = status;

type Call = Parameters<handleUnaryCall<Buffer, Buffer>>[0] | ServerDuplexStream<Buffer, Buffer>;

/** Makes handlers servable. Messages cross grpc-js as bytes, so that decoding happens where its errors get a status. */
export function serve<S extends AnyService>(
  descriptor: S,
  handlers: ServedHandlers<S>,
  options: ServiceOptions<S>,
): ServedService {
  const definition: Record<string, MethodDefinition<Buffer, Buffer>> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const method of descriptor.methods) {
    definition[method.localName] = definitionOf(method);
    const handler = (handlers as Record<string, AnyHandler | RawUnary | RawStream>)[method.localName]!;
    implementation[method.localName] = implement(method, handler, options);
  }
  return { descriptor, definition, implementation };
}

/** The untyped core of a `Handler`: `serve` has checked the types. */
type AnyHandler = (request: unknown, context: CallContext) => unknown;

/** How grpc-js sees a method: its path, its shape, and bytes in and out. */
export function definitionOf(method: DescMethod): MethodDefinition<Buffer, Buffer> {
  const asIs = (bytes: Buffer) => bytes;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

/** Any handler as one of bytes. */
function bytesHandler(method: DescMethod, handler: AnyHandler | RawUnary): AnyHandler {
  if (handler instanceof RawUnary) return handler.handle as AnyHandler;
  const written = (response: unknown) => encode(method.output as DescMessage, response as Message);
  if (method.methodKind === "unary") {
    return async (bytes, context) => written(await handler(decode(method.input, bytes as Buffer), context));
  }
  return async function* (requests, context) {
    const read =
      method.methodKind === "server_streaming"
        ? decode(method.input, requests as Buffer)
        : decoded(method.input, requests as AsyncIterable<Buffer>);
    for await (const response of handler(read, context) as AsyncIterable<Message>) yield written(response);
  };
}

async function* decoded<Desc extends DescMessage>(schema: Desc, requests: AsyncIterable<Buffer>) {
  for await (const bytes of requests) yield decode(schema, bytes);
}

function implement(
  method: DescMethod,
  handler: AnyHandler | RawUnary | RawStream,
  options: ServiceOptions,
): UntypedHandleCall {
  const log = options.log.child({ method: `${method.parent.typeName}/${method.name}` });
  const observed = new ObservedMethod(method);
  const dependency = options.without?.includes(method.localName) ? undefined : options.requires;
  const required = <T>(work: () => Promise<T>) => (dependency ? dependency.whileReachable(work) : work());

  const allowed = options.peers?.of[method.localName];
  const admit = (call: Call) => {
    if (allowed) requirePeer(peerNameOf(call), allowed, options.peers!.clients, method.name);
  };

  if (handler instanceof RawStream) {
    // Its requests are no parts of its trace, which would grow for as long as the stream goes on.
    return streaming(observed, log, async (call, context) => {
      admit(call);
      const { underWay, answer } = handler;
      return required(() => answerInOrder(call, underWay, (request) => answer(request, context)));
    });
  }
  const handle = bytesHandler(method, handler);
  if (method.methodKind === "unary") {
    const single: handleUnaryCall<Buffer, Buffer> = (call, respond) => {
      const observation = observed.begin(call.metadata);
      const answer = async () => {
        admit(call);
        return (await handle(call.request, contextOf(call, log))) as Buffer;
      };
      observation
        .run(() => required(answer))
        .then(
          (bytes) => {
            observation.end(OK);
            respond(null, bytes);
          },
          (error) => {
            const failure = toGrpcStatus(toServiceError(error, log));
            observation.end(failure.code);
            respond(failure);
          },
        );
    };
    return single;
  }
  return streaming(observed, log, (call, context) =>
    required(async () => {
      admit(call);
      const requests = "request" in call ? call.request : requestsOf(call);
      await writeAll(call, handle(requests, context) as AsyncIterable<Buffer>, context.signal);
    }),
  );
}

type Stream = ServerDuplexStream<Buffer, Buffer>;

function streaming(
  observed: ObservedMethod,
  log: Logger,
  work: (call: Stream, context: CallContext) => Promise<void>,
): UntypedHandleCall {
  const handle = (call: Stream) => {
    const observation = observed.begin(call.metadata);
    const context = contextOf(call, log);
    work(call, context).then(
      () => {
        observation.end(call.cancelled ? CANCELLED : OK);
        call.end();
      },
      (error) => {
        const failure = toGrpcStatus(toServiceError(error, log));
        observation.end(call.cancelled ? CANCELLED : failure.code);
        context.end();
        call.emit("error", failure);
      },
    );
  };
  // `Handlers` has no type for a method that streams from the client alone.
  return handle as UntypedHandleCall;
}

/**
 * The requests of a stream, until its client ends it or is gone. Not the stream's own iterator: that destroys the call where it
 * ends with an error, and with it the status that is to tell why.
 */
async function* requestsOf(call: ServerDuplexStream<Buffer, Buffer>): AsyncGenerator<Buffer> {
  let wake = () => {};
  const onEvent = () => wake();
  const events = ["readable", "end", "close", "error", "cancelled"];
  for (const event of events) call.on(event, onEvent);
  try {
    while (!call.destroyed && !call.cancelled) {
      const bytes: Buffer | null = call.read();
      if (bytes) yield bytes;
      else if (call.readableEnded) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    for (const event of events) call.off(event, onEvent);
  }
}

function contextOf(call: Call, log: Logger): CallContext & { end: () => void } {
  let abort: AbortController | undefined;
  let ended = false;
  const end = () => {
    ended = true;
    abort?.abort();
  };
  // grpc-js says so after every call, and an abort costs as much as all the rest here: most calls never ask for the signal.
  call.once("cancelled", end);
  return {
    get signal() {
      abort ??= new AbortController();
      if (ended) abort.abort();
      return abort.signal;
    },
    // Whoever tells of a limit only limits itself, so that it need not be asked who does.
    get namespaces() {
      const [text] = call.metadata.get(TOLD_NAMESPACES);
      return limitIn(text?.toString());
    },
    log,
    caller: () => callerOf(call),
    end,
  };
}
