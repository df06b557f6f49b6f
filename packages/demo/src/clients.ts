import { type Clients, createClients } from "@ocellus/client/create-clients.ts";
import type { readDemoConfig } from "./demo-config.ts";

export type { Clients };

/** Typed clients of the suite, over mTLS. */
export function openClients(config: ReturnType<typeof readDemoConfig>): Clients {
  return createClients({
    servers: {
      ingest: config.OCELLUS_INGEST,
      sessions: config.OCELLUS_SESSIONS,
      aggregation: config.OCELLUS_AGGREGATION,
    },
    tls: { ca: config.OCELLUS_CA, cert: config.OCELLUS_CERT, key: config.OCELLUS_KEY },
  });
}
