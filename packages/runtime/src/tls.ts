import { readFileSync } from "node:fs";
import { join } from "node:path";
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

/** The files of `name` in a folder that holds the CA's certificate, and the certificate and key of each who has one. */
export function tlsFilesIn(folder: string, name: string): TlsFiles {
  return { ca: join(folder, "ca.crt"), cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
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
