import { createServer } from "node:http";
import { createServer as createHttp2Server, type Http2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { detectHttp2 } from "./http2-preface.ts";
import type { HttpHandler } from "./node-http.ts";

/** How long the first bytes of a connection may take, and the headers of a request. */
const HEADERS_MS = 10_000;
/** How long a whole request may take to arrive. */
const REQUEST_MS = 60_000;
/** How long a connection may stay without a request; longer than the 60 s that load balancers keep theirs. */
const IDLE_MS = 65_000;

/** A listening server. */
export interface HttpServer {
  port: number;
  /** Takes no more connections, lets running requests end for up to `graceMs`, then cuts off what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Serves HTTP/1.1, and HTTP/2 to clients that start with it, on one port without TLS. Throws where the port is taken. */
export async function listen(
  handler: HttpHandler,
  { host, port }: { host: string; port: number },
): Promise<HttpServer> {
  const sessions = new Set<Http2Session>();
  const undecided = new Set<Socket>();
  const http2 = createHttp2Server({}, handler as unknown as Parameters<typeof createHttp2Server>[1]);
  http2.on("session", (session) => keep(session, sessions));

  const http1 = createServer(
    { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: IDLE_MS },
    (request, response) => {
      // A stop closes the connections that are idle then; this one becomes idle only now.
      response.once("close", () => {
        if (!http1.listening) setImmediate(() => http1.closeIdleConnections());
      });
      handler(request, response);
    },
  );
  // The HTTP/1.1 server is the one that listens: Node watches over the time-outs of a listening server alone.
  const serveHttp1 = http1.listeners("connection")[0] as (socket: Socket) => void;
  http1.removeAllListeners("connection");
  http1.on("connection", (socket: Socket) => {
    undecided.add(socket);
    socket.once("close", () => undecided.delete(socket));
    detectHttp2(socket, HEADERS_MS, (isHttp2) => {
      undecided.delete(socket);
      if (isHttp2) http2.emit("connection", socket);
      else serveHttp1.call(http1, socket);
    });
  });

  await new Promise<void>((resolve, reject) => {
    http1.once("error", reject);
    http1.listen(port, host, resolve);
  });
  return {
    port: (http1.address() as AddressInfo).port,
    async stop(graceMs) {
      const closed = new Promise<void>((resolve) => http1.close(() => resolve()));
      for (const socket of undecided) socket.destroy();
      for (const session of sessions) session.close();
      const force = setTimeout(() => {
        http1.closeAllConnections();
        for (const session of sessions) session.destroy();
      }, graceMs);
      await closed;
      clearTimeout(force);
    },
  };
}

/** Closes a session that has been idle for long, but never one that has a call open. */
function keep(session: Http2Session, sessions: Set<Http2Session>): void {
  let streams = 0;
  sessions.add(session);
  session.once("close", () => sessions.delete(session));
  session.on("stream", (stream) => {
    streams++;
    stream.once("close", () => streams--);
  });
  session.setTimeout(IDLE_MS, () => {
    if (streams === 0) session.close();
  });
}
