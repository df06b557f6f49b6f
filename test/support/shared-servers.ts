import type { Postgres } from "@ocellus/suite/postgres.ts";

/** The migrated database that is copied for each test file. */
export const TEMPLATE = "ocellus_template";

/** What the workers of the test runner are told of the servers that they share. */
export interface SharedServers {
  folder: string;
  certificates: string;
  /** The nats-server program. */
  natsServer: string;
  adminUrl: string;
  /** Of every service's role. */
  password: string;
}

const VARIABLE = "OCELLUS_TEST_SERVERS";
let postgres: Postgres | undefined;

/** Shares servers with all test files: the runner's workers inherit its environment. */
export function shareServers(servers: SharedServers, running: Postgres): void {
  process.env[VARIABLE] = JSON.stringify(servers);
  postgres = running;
}

/** The servers that all test files share. */
export function sharedServers(): SharedServers {
  const servers = process.env[VARIABLE];
  if (!servers) throw new Error(`${VARIABLE} is not set: run the tests with \`make test\` or \`npx jest\``);
  return JSON.parse(servers);
}

/** The shared PostgreSQL, for the process that started it. */
export function sharedPostgres(): Postgres {
  if (!postgres) throw new Error("Only the global set-up has the shared PostgreSQL");
  return postgres;
}
