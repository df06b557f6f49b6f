import { AGGREGATION_PEERS } from "@ocellus/aggregation/peers.ts";
import { EVENT_ERROR_PEERS, EVENT_PEERS, INGEST_PEERS } from "@ocellus/ingest/peers.ts";
import { CLIENT } from "@ocellus/runtime/peers.ts";
import { PERSON_PEERS, SESSION_PEERS } from "@ocellus/sessions/peers.ts";
import type { ProgramName } from "../../src/programs.ts";
import { VARIABLES } from "../../src/settings.ts";

/** The programs that run in pods, by the names that these have. */
export const POD_PROGRAMS = {
  ingest: "ingest",
  sessions: "sessions",
  aggregation: "aggregation",
  gateway: "gateway",
  migrate: "migrate",
  "close-sessions": "sessions:close",
} as const satisfies Record<string, ProgramName>;
export type PodName = keyof typeof POD_PROGRAMS;

export const POD_NAMES = Object.keys(POD_PROGRAMS) as PodName[];

/** The variable of the code that leads to a server, and to which. */
const CALLED_BY: Readonly<Record<string, string>> = {
  INGEST_ADDRESS: "ingest TCP 50051",
  SESSIONS_ADDRESS: "sessions TCP 50051",
  AGGREGATION_ADDRESS: "aggregation TCP 50051",
  OCELLUS_SESSIONS: "sessions TCP 50051",
  NATS_URL: "nats TCP 4222",
  DATABASE_URL: "postgres TCP 5432",
};

/** Where others come in, by the variable of the code that names the port. */
const CALLERS: Readonly<Record<string, [who: string, port: string]>> = {
  HTTP_PORT: ["the ingress controller", "TCP 8080"],
  HEALTH_PORT: ["Prometheus", "TCP 8081"],
};

/** All calls that the code makes and takes, read off its variables, and that everybody asks DNS. */
export function arrowsOfCode(): string[] {
  return POD_NAMES.flatMap((pod) => {
    const variables = Object.keys(VARIABLES[POD_PROGRAMS[pod]]);
    const calls = variables.flatMap((name) => (CALLED_BY[name] ? [`${pod} -> ${CALLED_BY[name]}`] : []));
    const callers = variables.flatMap((name) => {
      const [who, port] = CALLERS[name] ?? [];
      return who ? [`${who} -> ${pod} ${port}`] : [];
    });
    return [...calls, ...callers];
  });
}

/** The peers of the suite that may call each service, read off its tables of methods. */
export const PEERS_OF: Readonly<Record<string, ReadonlySet<string>>> = {
  ingest: peersIn(INGEST_PEERS, EVENT_PEERS, EVENT_ERROR_PEERS),
  sessions: peersIn(SESSION_PEERS, PERSON_PEERS),
  aggregation: peersIn(AGGREGATION_PEERS),
};

function peersIn(...tables: Record<string, readonly string[]>[]): ReadonlySet<string> {
  const peers = tables.flatMap((table) => Object.values(table).flat());
  return new Set(peers.filter((peer) => peer !== CLIENT));
}
