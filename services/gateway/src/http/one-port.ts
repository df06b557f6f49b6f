import { createServer } from "node:http";
import { createServer as createHttp2Server, type Http2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { countRefused } from "@ocellus/runtime/limit-metrics.ts";
import type { ConnectionLimits } from "@ocellus/runtime/limit-variables.ts";
import { SessionGuard } from "@ocellus/runtime/session-guard.ts";
import { Http1Guard } from "./http1-guard.ts";
import { detectHttp2 } from "./http2-preface.ts";
import type { HttpHandler } from "./node-http.ts";

/** How often Node looks for requests that take too long. */
const MAX_CHECK_EVERY_MS = 5000;

/** Where a server listens, and what it bears. */
export interface PortOptions {
  host: string;
  port: number;
  /** Whether other processes may listen there, too. */
  isShared?: boolean;
  limits: ConnectionLimits;
  /** Whether the request to a path may go on for as long as its client likes. */
  isStream(path: string): boolean;
}

/** A listening server. */
export interface HttpServer {
  port: number;
  /** Takes no more connections, lets running requests end for up to `graceMs`, then cuts off what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Serves HTTP/1.1, and HTTP/2 to clients that start with it, on one port without TLS. Throws where the port is taken. */
export async function listen(handler: HttpHandler, options: PortOptions): Promise<HttpServer> {
  const { host, port, isShared = false, limits, isStream } = options;
  const sessions = new Set<Http2Session>();
  const undecided = new Set<Socket>();
  const http2 = createHttp2Server(
    {
      settings: { maxConcurrentStreams: limits.streams, maxHeaderListSize: limits.headerBytes },
      streamResetBurst: limits.resets.burst,
      streamResetRate: limits.resets.perSecond,
    },
    handler as unknown as Parameters<typeof createHttp2Server>[1],
  );
  // Here Node counts the calls that a client gives up by itself.
  const guard = new SessionGuard({ limits, isStream, countsResets: () => false });
  let socketOfSession: Socket;
  http2.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    guard.watch(session, socketOfSession);
  });

  const http1Guard = new Http1Guard(limits);
  const http1 = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: Math.max(limits.headersMs, limits.requestMs),
      keepAliveTimeout: limits.idleMs,
      maxHeaderSize: limits.headerBytes,
      connectionsCheckingInterval: Math.min(MAX_CHECK_EVERY_MS, limits.headersMs / 2, limits.requestMs / 2),
    },
    (request, response) => {
      // A stop closes the connections that are idle then; this one becomes idle only now.
      response.once("close", () => {
        if (!http1.listening) setImmediate(() => http1.closeIdleConnections());
      });
      http1Guard.watch(request.socket, response);
      handler(request, response);
    },
  );
  http1.maxConnections = limits.connections;
  http1.on("drop", () => countRefused("connections"));
  // The HTTP/1.1 server is the one that listens: Node watches over the time-outs of a listening server alone.
  const serveHttp1 = http1.listeners("connection")[0] as (socket: Socket) => void;
  http1.removeAllListeners("connection");
  http1.on("connection", (socket: Socket) => {
    undecided.add(socket);
    socket.once("close", () => undecided.delete(socket));
    detectHttp2(socket, limits.headersMs, (isHttp2) => {
      undecided.delete(socket);
      if (isHttp2) {
        // The session is made within the event.
        socketOfSession = socket;
        http2.emit("connection", socket);
      } else {
        http1Guard.open(socket);
        serveHttp1.call(http1, socket);
      }
    });
  });

  await new Promise<void>((resolve, reject) => {
    http1.once("error", reject);
    http1.listen({ port, host, reusePort: isShared }, resolve);
  });
  return {
    port: (http1.address() as AddressInfo).port,
    async stop(graceMs) {
      const closed = new Promise<void>((resolve) => http1.close(() => resolve()));
      for (const socket of undecided) socket.destroy();
      for (const session of sessions) session.close();
      const force = setTimeout(() => {
        http1.closeAllConnections();
        guard.cutOff();
      }, graceMs);
      await closed;
      clearTimeout(force);
      guard.stop();
      http1Guard.stop();
    },
  };
}
