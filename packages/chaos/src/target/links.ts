import { freePorts } from "@ocellus/suite/ports.ts";
import type { SuitePorts } from "@ocellus/suite/suite-ports.ts";
import { Link } from "./link.ts";

/** The stretches of network that can be cut, each by who calls whom. */
const STRETCHES = {
  "gateway to ingest": "ingest",
  "gateway to sessions": "sessions",
  "gateway to aggregation": "aggregation",
  "ingest to NATS": "nats",
  "sessions to NATS": "nats",
  "aggregation to NATS": "nats",
  "ingest to PostgreSQL": "postgres",
  "sessions to PostgreSQL": "postgres",
  "aggregation to PostgreSQL": "postgres",
  "gateway to PostgreSQL": "postgres",
} as const;

export type Stretch = keyof typeof STRETCHES;
export const STRETCH_NAMES = Object.keys(STRETCHES) as Stretch[];

export type Links = Readonly<Record<Stretch, Link>>;

/** Closes all links, and with them the connections that they carry. */
export async function closeLinks(links: Links): Promise<void> {
  await Promise.all(Object.values(links).map((link) => link.close()));
}

/** Opens a link for each stretch. */
export async function openLinks(ports: SuitePorts): Promise<Links> {
  const free = await freePorts(STRETCH_NAMES.length);
  const opened = await Promise.all(
    STRETCH_NAMES.map(async (name, index) => [name, await Link.open(free[index]!, ports[STRETCHES[name]])] as const),
  );
  return Object.fromEntries(opened) as Record<Stretch, Link>;
}
