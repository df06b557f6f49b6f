import { create, type DescMethod, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import type { Dependency } from "@ocellus/runtime/grpc-service.ts";
import type { AnyService, Handlers } from "@ocellus/runtime/handlers.ts";
import { decode, encode } from "@ocellus/runtime/message-codec.ts";
import type { Logger } from "pino";
import type { Upstream } from "../upstreams.ts";

type Handler = (request: Message, context: object) => Promise<MessageInitShape<DescMethod["output"]>>;

/** A service of the contract that the gateway serves by itself. All its methods are unary. */
export function serveHere<S extends AnyService>(
  descriptor: S,
  handlers: Handlers<S>,
  { log, requires }: { log: Logger; requires: Dependency },
): Upstream {
  const call: Upstream["call"] = async (method, request, { signal = NEVER }) => {
    const handle = (handlers as Record<string, Handler>)[method.localName]!;
    const context = {
      signal,
      log,
      namespaces: undefined,
      caller: () => ({ name: "gateway", address: "", told: () => undefined }),
    };
    return create(method.output, await requires.whileReachable(() => handle(request, context)));
  };
  return {
    descriptor,
    call,
    async callRaw(method, request, options) {
      return encode(method.output, await call(method, decode(method.input, request), options));
    },
    stream(method) {
      throw new Error(`${method} is no stream`);
    },
  };
}

const NEVER = new AbortController().signal;
