import type { ConnectionOptions, NatsConnection } from "nats";
import { NatsConnectionImpl, setTransportFactory } from "nats/lib/src/nats-base-client.js";
import { NodeTransport, nodeResolveHost } from "nats/lib/src/node_transport.js";

/**
 * Connects to NATS as the client's own `connect` does, by a transport that stays given up once it is. Throws NatsError where NATS
 * does not answer, or does not let us in.
 */
export function connectNats(options: ConnectionOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new Transport(), dnsResolveFn: nodeResolveHost });
  return NatsConnectionImpl.connect(options);
}

/**
 * The client calls `discard` before it makes another transport, and its own ignores that (nats 2.29.3). So one that has waited in vain for a
 * server that took the connection and said nothing comes to life when the server does. Nobody logs in over it, the server closes it, and the
 * client takes the connection that stands for lost: it makes another, and reads both with one parser, so that messages come cut short and
 * mixed with others.
 */
class Transport extends NodeTransport {
  #isDiscarded = false;

  override discard(): void {
    this.#isDiscarded = true;
    // What becomes of it from now on is no loss of the connection.
    this.done = true;
    this.#destroy();
    this.signal.resolve();
  }

  override async connect(...server: Parameters<NodeTransport["connect"]>): Promise<void> {
    await super.connect(...server);
    if (this.#isDiscarded) this.#destroy();
  }

  override async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    for await (const bytes of this.iterate()) {
      if (this.#isDiscarded) return;
      yield bytes;
    }
  }

  #destroy(): void {
    this.socket
      ?.removeAllListeners()
      .on("error", () => {})
      .destroy();
  }
}
