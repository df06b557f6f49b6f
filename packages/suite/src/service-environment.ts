import { join } from "node:path";
import { grpcLimits, httpLimits } from "@ocellus/runtime/limit-variables.ts";
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
  "ROLLUP_",
  "SCAN_",
  "EXACT_PERCENTILES_",
  "WATCHERS_",
  "CORS_",
  "TOKEN_",
  "AUDIT_",
  "OIDC_",
  "TLS_RELOAD_",
  "CLIENT_PEERS",
  ...Object.keys({ ...httpLimits, ...grpcLimits }),
  "BODIES_",
  "JSON_",
  "OTEL_",
];

/** A namespace whose sessions only the daily job closes, to try that. */
const DEMO_CLOSING = "bobs-door-knobs=daily,*=idle";

/** Where the parts of a suite are. */
export interface Surroundings {
  /** Of the service itself. */
  readonly ports: SuitePorts;
  /** Of all copies of the services; where it is left out there is one. */
  readonly copies?: readonly SuitePorts[];
  /** The folder of the certificates. */
  readonly certificates: string;
  readonly databaseUrls: Readonly<Record<DatabaseService, string>>;
  readonly natsUrl: string;
  /** A client with all scopes. */
  readonly administrator: Administrator;
}

/** The id and the secret of the first client. */
export interface Administrator {
  readonly id: string;
  readonly secret: string;
}

/** All that a service of the suite is told. */
export function serviceEnvironment(
  name: ServiceName,
  { ports, copies = [ports], certificates, administrator, ...urls }: Surroundings,
): Record<string, string> {
  const addresses = (called: Exclude<ServiceName, "gateway">) =>
    copies.map((copy) => `127.0.0.1:${copy[called]}`).join(",");
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
      HTTP_PORT_SHARED: String(copies.length > 1),
      PUBLIC_URL: `http://127.0.0.1:${ports.gateway}`,
      FIRST_ADMINISTRATOR_ID: administrator.id,
      FIRST_ADMINISTRATOR_SECRET: administrator.secret,
      DATABASE_URL: urls.databaseUrls.gateway,
      INGEST_ADDRESS: addresses("ingest"),
      SESSIONS_ADDRESS: addresses("sessions"),
      AGGREGATION_ADDRESS: addresses("aggregation"),
    };
  }
  const closing = name === "sessions" && { SESSION_CLOSING: DEMO_CLOSING };
  const peers = {
    ingest: { SESSIONS_ADDRESS: addresses("sessions") },
    sessions: { INGEST_ADDRESS: addresses("ingest") },
    aggregation: {},
  };
  return {
    CLIENT_PEERS: "developer",
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
