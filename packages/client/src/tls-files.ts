import { readFileSync } from "node:fs";

/** Files, all PEM. */
export interface TlsFiles {
  /** Of whom the server's certificate is trusted. */
  ca: string;
  /** The client's certificate. */
  cert: string;
  /** The key of that certificate. */
  key: string;
}

/** What Node's TLS takes of the files. Nothing below TLS 1.3 is spoken. Throws where a file cannot be read. */
export function readTlsFiles({ ca, cert, key }: Partial<TlsFiles>) {
  const read = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file));
  return { ca: read(ca), cert: read(cert), key: read(key), minVersion: "TLSv1.3" as const };
}
