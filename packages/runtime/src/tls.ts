import { join } from "node:path";
import tls from "node:tls";
import { type ChannelCredentials, experimental, type ServerCredentials } from "@grpc/grpc-js";
import type { CertificateFiles } from "./certificate-files.ts";

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
export function serverCredentials(certificates: CertificateFiles): ServerCredentials {
  return experimental.createCertificateProviderServerCredentials(certificates, certificates, true);
}

/** Calls a server that has a certificate of our CA, over TLS 1.3, and shows it ours. */
export function clientCredentials(certificates: CertificateFiles): ChannelCredentials {
  return experimental.createCertificateProviderChannelCredentials(certificates, certificates);
}
