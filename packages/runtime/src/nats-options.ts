import type { ConnectionOptions } from "nats";
import type { TlsFiles } from "./tls.ts";

/** Where NATS is, and as whom to come to it. */
export interface NatsAddress {
  /** `tls://host:port`: NATS knows us by our certificate; `nats://host:port` for a server without TLS, which takes everybody. */
  url: string;
  /** The name in the certificate, without the domain. Answers come to inboxes of this name, which NATS lets nobody else read. */
  name: string;
  files: TlsFiles;
}

/** The inboxes of a user. */
export function inboxPrefixOf(name: string): string {
  return `_INBOX.${name}`;
}

/** How to connect to NATS. The files are read anew for each connection, so that a new certificate is used from the next one on. */
export function natsOptions({ url, name, files: { ca, cert, key } }: NatsAddress): ConnectionOptions {
  return {
    servers: url,
    name: `ocellus-${name}`,
    inboxPrefix: inboxPrefixOf(name),
    // The system looks names up: it knows /etc/hosts and the search domains of Kubernetes, where nats would ask DNS for the bare name first.
    resolve: false,
    ...(new URL(url).protocol === "tls:" && { tls: { caFile: ca, certFile: cert, keyFile: key } }),
  };
}
