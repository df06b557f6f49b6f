import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
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

/** Speaks gRPC over one HTTP/2 connection. */
export function openGrpcChannel({ url, tls = {}, interceptors }: ChannelOptions): Channel {
  const sessionManager = new Http2SessionManager(url, PING_OPTIONS, url.startsWith("https:") ? readTlsFiles(tls) : {});
  const transport = createGrpcTransport({ baseUrl: url, sessionManager, interceptors });
  const giveUpConnecting = (error: unknown) => {
    // A connection attempt into a cut network would go on for minutes, and every call would wait for it.
    if (
      error instanceof ConnectError &&
      error.code === Code.DeadlineExceeded &&
      sessionManager.state() === "connecting"
    ) {
      sessionManager.abort(error);
    }
  };
  return closable(transport, () => sessionManager.abort(), giveUpConnecting);
}

/** Speaks Connect over HTTP/1.1, which passes any proxy. It carries no stream of requests. */
export function openConnectChannel({ url, tls = {}, interceptors }: ChannelOptions): Channel {
  const agent = url.startsWith("https:")
    ? new HttpsAgent({ keepAlive: true, ...readTlsFiles(tls) })
    : new HttpAgent({ keepAlive: true });
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1", nodeOptions: { agent }, interceptors });
  return closable(transport, () => agent.destroy());
}

function closable(transport: Transport, close: () => void, onError: (error: unknown) => void = () => {}): Channel {
  let isClosed = false;
  const requireOpen = () => {
    if (isClosed) throw new ConnectError("The clients are closed", Code.Canceled);
  };
  return {
    transport: {
      async unary(method, signal, timeoutMs = DEFAULT_TIMEOUT_MS, ...rest) {
        requireOpen();
        try {
          return await transport.unary(method, signal, timeoutMs, ...rest);
        } catch (error) {
          onError(error);
          throw error;
        }
      },
      async stream(...args) {
        requireOpen();
        return transport.stream(...args);
      },
    },
    close() {
      isClosed = true;
      close();
    },
  };
}
