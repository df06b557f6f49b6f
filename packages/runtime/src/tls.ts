import { readFileSync } from "node:fs";
import tls from "node:tls";
import { type ChannelCredentials, credentials, ServerCredentials } from "@grpc/grpc-js";

// grpc-js takes the lowest TLS version from Node's default.
tls.DEFAULT_MIN_VERSION = "TLSv1.3";

/** The files by which a process knows its peers and is known to them, all PEM. */
export interface TlsFiles {
  ca: string;
  cert: string;
  key: string;
}

/** Serves callers with a certificate of our CA, over TLS 1.3, and nobody else. */
export function serverCredentials(files: TlsFiles): ServerCredentials {
  const pair = { private_key: readFileSync(files.key), cert_chain: readFileSync(files.cert) };
  return ServerCredentials.createSsl(readFileSync(files.ca), [pair], true);
}

/** Calls a server that has a certificate of our CA, over TLS 1.3, and shows it ours. */
export function clientCredentials(files: TlsFiles): ChannelCredentials {
  return credentials.createSsl(readFileSync(files.ca), readFileSync(files.key), readFileSync(files.cert));
}
