import { freePorts, requireFreePorts } from "./ports.ts";

/** Every port of the suite, all on 127.0.0.1: what it is for, the variable that moves it, and where it is otherwise. */
export const SUITE_PORTS = {
  gateway: { name: "gateway", variable: "OCELLUS_HTTP_PORT", usual: 8080 },
  ingest: { name: "gRPC of ingest", variable: "OCELLUS_INGEST_PORT", usual: 50051 },
  sessions: { name: "gRPC of sessions", variable: "OCELLUS_SESSIONS_PORT", usual: 50052 },
  aggregation: { name: "gRPC of aggregation", variable: "OCELLUS_AGGREGATION_PORT", usual: 50053 },
  ingestHealth: { name: "health of ingest", variable: "OCELLUS_INGEST_HEALTH_PORT", usual: 9464 },
  sessionsHealth: { name: "health of sessions", variable: "OCELLUS_SESSIONS_HEALTH_PORT", usual: 9465 },
  aggregationHealth: { name: "health of aggregation", variable: "OCELLUS_AGGREGATION_HEALTH_PORT", usual: 9466 },
  gatewayHealth: { name: "health of gateway", variable: "OCELLUS_GATEWAY_HEALTH_PORT", usual: 9467 },
  postgres: { name: "PostgreSQL", variable: "OCELLUS_POSTGRES_PORT", usual: 15432 },
  nats: { name: "NATS", variable: "OCELLUS_NATS_PORT", usual: 14222 },
} as const;

export type PortName = keyof typeof SUITE_PORTS;
export type SuitePorts = Readonly<Record<PortName, number>>;

/** How far apart the ports of one copy of a service are from those of the next. */
const COPY_STEP = 100;
/** One for the whole suite, however many copies of the services there are. */
const SHARED: readonly PortName[] = ["gateway", "postgres", "nats"];

const NAMES = Object.keys(SUITE_PORTS) as PortName[];

/** A value for each port. */
export function mapPorts<Value>(value: (name: PortName) => Value): Record<PortName, Value> {
  return Object.fromEntries(NAMES.map((name) => [name, value(name)])) as Record<PortName, Value>;
}

/** The ports of further copies of the services, so that with the usual ones there are `replicas` of each. */
export function portsOfFurtherCopies(ports: SuitePorts, replicas: number): SuitePorts[] {
  return Array.from({ length: replicas - 1 }, (_, index) =>
    mapPorts((name) => (SHARED.includes(name) ? ports[name] : ports[name] + COPY_STEP * (index + 1))),
  );
}

/** Ports that nobody uses at the moment, for a suite beside others. */
export async function freeSuitePorts(): Promise<SuitePorts> {
  const [ports] = await freePortsOfCopies(1);
  return ports;
}

/** Such ports for several copies of the services. */
export async function freePortsOfCopies(copies: number): Promise<[SuitePorts, ...SuitePorts[]]> {
  const free = await freePorts(NAMES.length * copies);
  const first = mapPorts((name) => free[NAMES.indexOf(name)]!);
  const further = Array.from({ length: copies - 1 }, (_, index) =>
    mapPorts((name) => (SHARED.includes(name) ? first[name] : free[NAMES.length * (index + 1) + NAMES.indexOf(name)]!)),
  );
  return [first, ...further];
}

/** Throws one error that names every port that cannot be had, but for those of servers that are not started. */
export async function requireFreeSuitePorts(
  ports: SuitePorts,
  furtherPorts: readonly SuitePorts[],
  starts: { postgres: boolean; nats: boolean },
): Promise<void> {
  const needed = NAMES.filter((name) => !(name in starts) || starts[name as keyof typeof starts]);
  const own = needed.filter((name) => !SHARED.includes(name));
  await requireFreePorts([
    ...needed.map((name) => ({ ...SUITE_PORTS[name], port: ports[name] })),
    ...furtherPorts.flatMap((further, index) =>
      own.map((name) => ({
        ...SUITE_PORTS[name],
        name: `${SUITE_PORTS[name].name} ${index + 2}`,
        port: further[name],
      })),
    ),
  ]);
}
