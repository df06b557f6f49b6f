import { join } from "node:path";
import type { DatabaseService } from "./database-roles.ts";
import type { ServiceName } from "./service-process.ts";
import type { SuitePorts } from "./suite-ports.ts";

/** Settings of the services that may be given to the suite as a whole. */
const PASSED_THROUGH = [
  "LOG_LEVEL",
  "SESSION_",
  "EVENTS_",
  "EVENT_CHANGES_",
  "EVENT_ERRORS_",
  "EVENT_RETENTION",
  "DATABASE_POOL",
  "MATERIALISE_",
  "WATCHERS_",
  "CORS_",
];

/** A namespace whose sessions only the daily job closes, to try that. */
const DEMO_CLOSING = "bobs-door-knobs=daily,*=idle";

/** Where the parts of a suite are. */
export interface Surroundings {
  readonly ports: SuitePorts;
  /** The folder of the certificates. */
  readonly certificates: string;
  readonly databaseUrls: Readonly<Record<DatabaseService, string>>;
  readonly natsUrl: string;
}

/** All that a service of the suite is told. */
export function serviceEnvironment(
  name: ServiceName,
  { ports, certificates, ...urls }: Surroundings,
): Record<string, string> {
  const common = {
    ...passedThrough(),
    LISTEN_HOST: "127.0.0.1",
    HEALTH_PORT: String(ports[`${name}Health`]),
    TLS_CA: join(certificates, "ca.crt"),
    TLS_CERT: join(certificates, `${name}.crt`),
    TLS_KEY: join(certificates, `${name}.key`),
  };
  if (name === "gateway") {
    return {
      ...common,
      HTTP_PORT: String(ports.gateway),
      INGEST_ADDRESS: `127.0.0.1:${ports.ingest}`,
      SESSIONS_ADDRESS: `127.0.0.1:${ports.sessions}`,
      AGGREGATION_ADDRESS: `127.0.0.1:${ports.aggregation}`,
    };
  }
  const closing = name === "sessions" && { SESSION_CLOSING: DEMO_CLOSING };
  const peers = {
    ingest: { SESSIONS_ADDRESS: `127.0.0.1:${ports.sessions}` },
    sessions: { INGEST_ADDRESS: `127.0.0.1:${ports.ingest}` },
    aggregation: {},
  };
  return {
    ...closing,
    ...peers[name],
    ...common,
    GRPC_PORT: String(ports[name]),
    DATABASE_URL: urls.databaseUrls[name],
    NATS_URL: urls.natsUrl,
  };
}

function passedThrough(): Record<string, string> {
  const passes = ([name, value]: [string, string | undefined]) =>
    Boolean(value) && PASSED_THROUGH.some((prefix) => name.startsWith(prefix));
  return Object.fromEntries(Object.entries(process.env).filter(passes)) as Record<string, string>;
}
