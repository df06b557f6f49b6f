import type { Http2SecureServer, SecureServerOptions } from "node:http2";
import type { TLSSocket } from "node:tls";
import type { Server } from "@grpc/grpc-js";
import { countRefused } from "./limit-metrics.ts";
import type { ConnectionLimits } from "./limit-variables.ts";
import { knownNameOf } from "./peer-name.ts";
import { SessionGuard } from "./session-guard.ts";

/** What grpc-js keeps to itself. It has options for a part of the limits alone, and none that ends a slow request. */
interface Inner {
  commonServerOptions: SecureServerOptions;
  http2Servers: Map<Http2SecureServer, unknown>;
}

/** Node's own count of calls that were given up; ours, which leaves out the suite's peers, takes its place. */
const UNCOUNTED = { streamResetBurst: 2 ** 31 - 1, streamResetRate: 2 ** 31 - 1 };

/** Holds the connections of a server that does not listen yet to limits. */
export function limitGrpcServer(
  server: Server,
  limits: ConnectionLimits,
): { guard(options: { isStream(path: string): boolean; clients: readonly string[] }): SessionGuard } {
  const inner = server as unknown as Inner;
  Object.assign(inner.commonServerOptions, {
    settings: { maxConcurrentStreams: limits.streams, maxHeaderListSize: limits.headerBytes },
    handshakeTimeout: limits.headersMs,
    ...UNCOUNTED,
  });
  return {
    /** To be called as soon as it listens. */
    guard({ isStream, clients }) {
      const guard = new SessionGuard({
        limits,
        isStream,
        countsResets: (session) => {
          const peer = knownNameOf(session);
          return peer === undefined || clients.includes(peer);
        },
      });
      for (const http2 of inner.http2Servers.keys()) {
        http2.maxConnections = limits.connections;
        http2.on("drop", () => countRefused("connections"));
        let socket: TLSSocket;
        // Node makes the session of a connection within the same event.
        http2.prependListener("secureConnection", (connected) => {
          socket = connected;
        });
        http2.on("session", (session) => guard.watch(session, socket));
      }
      return guard;
    },
  };
}
