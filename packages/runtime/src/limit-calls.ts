import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import { countRefused } from "./limit-metrics.ts";
import { countRefusedCall } from "./observe-call.ts";
import { peerNameOf } from "./peer-name.ts";
import { type RateLimit, rateLimited } from "./rate-limit.ts";
import { toGrpcStatus } from "./status.ts";

type Call = ConstructorParameters<typeof ServerInterceptingCall>[0];

/**
 * Refuses the calls of a client that makes too many, before anything but their headers is read, and has its streams wait for their
 * next message. The peers of the suite itself may call as often as they like.
 *
 * @param clients the names of the peers that are limited
 */
export function limitCalls(limit: RateLimit, clients: readonly string[]): ServerInterceptor {
  const limited = new Set(clients);
  return ({ requestStream, path }, call) => {
    const peer = peerNameOf(call);
    if (!limited.has(peer)) return call as ServerInterceptingCall;
    const waitMs = limit.take(peer);
    if (waitMs > 0) return new RefusedCall(call, path, peer, waitMs);
    return requestStream ? new PacedCall(call, () => limit.take(peer)) : (call as ServerInterceptingCall);
  };
}

class RefusedCall extends ServerInterceptingCall {
  readonly #path: string;
  readonly #peer: string;
  readonly #waitMs: number;

  constructor(call: Call, path: string, peer: string, waitMs: number) {
    super(call);
    this.#path = path;
    this.#peer = peer;
    this.#waitMs = waitMs;
  }

  override start(): void {
    countRefused("calls");
    const refusal = toGrpcStatus(rateLimited(`The peer ${this.#peer}`, this.#waitMs));
    countRefusedCall(this.#path, refusal.code);
    this.sendStatus(refusal);
  }
}

/** A stream whose messages are read as fast as its client may send them. The first counts as the call itself. */
class PacedCall extends ServerInterceptingCall {
  readonly #take: () => number;
  #isFirst = true;

  constructor(call: Call, take: () => number) {
    super(call);
    this.#take = take;
  }

  override startRead(): void {
    const waitMs = this.#isFirst ? 0 : this.#take();
    this.#isFirst = false;
    if (waitMs === 0) super.startRead();
    else setTimeout(() => this.startRead(), waitMs);
  }
}
