import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Suite } from "./suite.ts";

/** Writes what a shell needs to call the suite as the developer and as the first administrator, and NATS as the operator, for its owner alone: to be read with `. FILE`. */
export function writeShellExports(path: string, { urls, ports, certificates, administrator }: Suite): void {
  const variables = {
    OCELLUS_URL: urls.gateway,
    OCELLUS_CLIENT_ID: administrator.id,
    OCELLUS_CLIENT_SECRET: administrator.secret,
    OCELLUS_CA: join(certificates, "ca.crt"),
    OCELLUS_CERT: join(certificates, "developer.crt"),
    OCELLUS_KEY: join(certificates, "developer.key"),
    OCELLUS_INGEST: `127.0.0.1:${ports.ingest}`,
    OCELLUS_SESSIONS: `127.0.0.1:${ports.sessions}`,
    OCELLUS_AGGREGATION: `127.0.0.1:${ports.aggregation}`,
    OCELLUS_NATS: urls.nats,
    OCELLUS_OPERATOR_CERT: join(certificates, "operator.crt"),
    OCELLUS_OPERATOR_KEY: join(certificates, "operator.key"),
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuoted(value)}\n`);
  // It holds a secret. A file that is there already would keep its mode.
  rmSync(path, { force: true });
  writeFileSync(path, lines.join(""), { mode: 0o600 });
}

/** One word for any POSIX shell, whatever it holds. */
function shellQuoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
