import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { Http2SessionManager } from "@connectrpc/connect-node";

/**
 * Connect's own, but for a connection that its server closes in the moment in which it is used again: then nobody listens any more when it
 * says that it was closed (connect-node 2.2.0), and an error to which nobody listens ends the process.
 */
export class SessionManager extends Http2SessionManager {
  readonly #known = new WeakSet<ClientHttp2Session>();

  override async request(...call: Parameters<Http2SessionManager["request"]>): Promise<ClientHttp2Stream> {
    const stream = await super.request(...call);
    const { session } = stream;
    if (session && !this.#known.has(session as ClientHttp2Session)) {
      this.#known.add(session as ClientHttp2Session);
      session.on("error", () => {});
    }
    return stream;
  }
}
