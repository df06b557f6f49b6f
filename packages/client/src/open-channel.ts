import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { untilTaken } from "./refused-stream.ts";
import { SessionManager } from "./session-manager.ts";
import { Silence } from "./silence.ts";
import { readTlsFiles, type TlsFiles } from "./tls-files.ts";

/** How a server is reached. */
export interface ChannelOptions {
  /** Its origin, such as `https://ocellus.example.com`. */
  url: string;
  tls?: Partial<TlsFiles>;
  interceptors: Interceptor[];
}

/** The connections to one server. They open at the first call, and again when they broke. */
export interface Channel {
  transport: Transport;
  /** Closes them. Running calls fail with CANCELED or ABORTED, and later ones with CANCELED. */
  close(): void;
}

const DEFAULT_TIMEOUT_MS = 15_000;

/** A peer that went away without closing is noticed after both, so that calls do not wait for their deadline. */
const PING_OPTIONS = { pingIntervalMs: 3000, pingTimeoutMs: 2000 };
const SILENCE_MS = PING_OPTIONS.pingIntervalMs + PING_OPTIONS.pingTimeoutMs;

/** Speaks gRPC over one HTTP/2 connection. */
export function openGrpcChannel({ url, tls = {}, interceptors }: ChannelOptions): Channel {
  const sessionManager = new SessionManager(url, PING_OPTIONS, url.startsWith("https:") ? readTlsFiles(tls) : {});
  const transport = createGrpcTransport({ baseUrl: url, sessionManager, interceptors });
  const silence = new Silence(SILENCE_MS);
  const watched: Transport = {
    unary: (...call) =>
      silence.during(
        () => untilTaken(() => transport.unary(...call)),
        (error) => sessionManager.abort(error),
      ),
    async stream(method, signal, timeoutMs, header, input, contextValues) {
      const send = (sent: typeof input) => transport.stream(method, signal, timeoutMs, header, sent, contextValues);
      if (method.methodKind !== "server_streaming") return send(input);
      const [request] = await Array.fromAsync(input);
      return untilTaken(() => send(createAsyncIterable([request!])));
    },
  };
  return closable(watched, () => sessionManager.abort());
}

/** Speaks Connect over HTTP/1.1, which passes any proxy. It carries no stream of requests. */
export function openConnectChannel({ url, tls = {}, interceptors }: ChannelOptions): Channel {
  const agent = url.startsWith("https:")
    ? new HttpsAgent({ keepAlive: true, ...readTlsFiles(tls) })
    : new HttpAgent({ keepAlive: true });
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1", nodeOptions: { agent }, interceptors });
  return closable(transport, () => agent.destroy());
}

function closable(transport: Transport, close: () => void): Channel {
  let isClosed = false;
  const requireOpen = () => {
    if (isClosed) throw new ConnectError("The clients are closed", Code.Canceled);
  };
  return {
    transport: {
      async unary(method, signal, timeoutMs = DEFAULT_TIMEOUT_MS, ...rest) {
        requireOpen();
        return transport.unary(method, signal, timeoutMs, ...rest);
      },
      async stream(...call) {
        requireOpen();
        return transport.stream(...call);
      },
    },
    close() {
      isClosed = true;
      close();
    },
  };
}
