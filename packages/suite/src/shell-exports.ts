import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Suite } from "./suite.ts";

/** Writes what a shell needs to call the suite as the developer: to be read with `. FILE`. */
export function writeShellExports(path: string, { urls, ports, certificates }: Suite): void {
  const variables = {
    OCELLUS_URL: urls.gateway,
    OCELLUS_CA: join(certificates, "ca.crt"),
    OCELLUS_CERT: join(certificates, "developer.crt"),
    OCELLUS_KEY: join(certificates, "developer.key"),
    OCELLUS_INGEST: `127.0.0.1:${ports.ingest}`,
    OCELLUS_SESSIONS: `127.0.0.1:${ports.sessions}`,
    OCELLUS_AGGREGATION: `127.0.0.1:${ports.aggregation}`,
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuoted(value)}\n`);
  writeFileSync(path, lines.join(""));
}

/** One word for any POSIX shell, whatever it holds. */
function shellQuoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
