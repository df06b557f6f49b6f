import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { type Channel, openConnectChannel, openGrpcChannel } from "./open-channel.ts";
import { GATEWAY_SERVICES, SERVICES, type ServerName } from "./services.ts";
import type { TlsFiles } from "./tls-files.ts";
import { sendToken, type Token } from "./token.ts";

/** Through the gateway. */
export interface GatewayOptions {
  /** The gateway's origin, such as `https://ocellus.example.com`. */
  gateway: string;
  /**
   * `connect`, over HTTP/1.1, passes any proxy, and has no StreamEvents. `grpc`, over HTTP/2, has all methods.
   * Default: `connect`.
   */
  protocol?: "connect" | "grpc";
  token?: Token;
  /** For `https:`: a CA other than Node's own, and a certificate where a proxy wants one. */
  tls?: Partial<TlsFiles>;
}

/** Straight to the services, by gRPC with mTLS. */
export interface DirectOptions {
  /** `host:port` of each server. */
  servers: Record<ServerName, string>;
  /** The suite's CA, and a certificate signed by it. */
  tls: TlsFiles;
  token?: Token;
}

/**
 * A typed client of each service. A unary call ends within 15 s, or within its own `timeoutMs`. One that fails throws
 * Connect's `ConnectError`, of which `problemOf` reads the details.
 */
export type Clients = { [Name in keyof typeof SERVICES]: Client<(typeof SERVICES)[Name]["service"]> } & Disposable & {
    /** Closes all connections. Close trackers first: they send by these. */
    close(): void;
  };

/** The clients through the gateway: those of its own services, which need a token with the scope `admin`, besides all others. */
export type GatewayClients = Clients & {
  [Name in keyof typeof GATEWAY_SERVICES]: Client<(typeof GATEWAY_SERVICES)[Name]>;
};

/** Makes the clients. Nothing is connected before the first call. Throws where a file of `tls` cannot be read. */
export function createClients(options: GatewayOptions): GatewayClients;
export function createClients(options: GatewayOptions | DirectOptions): Clients;
export function createClients(options: GatewayOptions | DirectOptions): Clients {
  const interceptors = options.token === undefined ? [] : [sendToken(options.token)];
  const channels = new Map<string, Channel>();
  const channelTo = (server: ServerName): Channel => {
    const url = "gateway" in options ? new URL(options.gateway).origin : `https://${options.servers[server]}`;
    const open = "gateway" in options && options.protocol !== "grpc" ? openConnectChannel : openGrpcChannel;
    const channel = channels.get(url) ?? open({ url, tls: options.tls, interceptors });
    channels.set(url, channel);
    return channel;
  };
  const entries = Object.entries(SERVICES).map(([name, { service, server }]): [string, Client<DescService>] => [
    name,
    createClient(service, channelTo(server).transport),
  ]);
  if ("gateway" in options) {
    const own = Object.entries(GATEWAY_SERVICES);
    entries.push(
      ...own.map(([name, service]): [string, Client<DescService>] => [
        name,
        createClient(service, channelTo("ingest").transport),
      ]),
    );
  }
  const close = () => {
    for (const channel of channels.values()) channel.close();
  };
  return { ...(Object.fromEntries(entries) as unknown as Clients), close, [Symbol.dispose]: close };
}
