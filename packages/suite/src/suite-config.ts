import { resolve } from "node:path";
import { ConfigError, readConfig, urlOf, wholeNumber } from "@ocellus/runtime/config.ts";
import { port, str, type ValidatorSpec } from "envalid";
import { repositoryRoot } from "./repository.ts";
import { mapPorts, type PortName, portsOfFurtherCopies, SUITE_PORTS, type SuitePorts } from "./suite-ports.ts";

/** What the environment says about the suite on this machine. */
export interface SuiteConfig {
  readonly dataDir: string;
  readonly ports: SuitePorts;
  /** The ports of each further copy of the services. */
  readonly furtherPorts: readonly SuitePorts[];
  /** A PostgreSQL that runs already. */
  readonly databaseUrl?: string;
  /** A NATS server that runs already. */
  readonly natsUrl?: string;
}

const variables = {
  OCELLUS_DATA_DIR: str({ default: resolve(repositoryRoot, ".ocellus"), desc: "the folder of all data" }),
  REPLICAS: wholeNumber(1, 9)({ default: 1, desc: "how many copies of each service run side by side" }),
  DATABASE_URL: urlOf(
    "postgres",
    "postgresql",
  )({
    default: undefined,
    desc: "a PostgreSQL that runs already, with a role that may create schemas and roles",
  }),
  NATS_URL: urlOf("nats", "tls")({ default: undefined, desc: "a NATS server that runs already, with JetStream" }),
};

type PortVariable = (typeof SUITE_PORTS)[PortName]["variable"];

const portVariables = Object.fromEntries(
  Object.values(SUITE_PORTS).map(({ name, variable, usual }) => [
    variable,
    port({ default: usual, desc: `the port of ${name}` }),
  ]),
) as Record<PortVariable, ValidatorSpec<number>>;

/** Reads the configuration. Throws one error that names every variable that is malformed. An empty one counts as unset. */
export function readSuiteConfig(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): SuiteConfig {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const config = readConfig({ ...variables, ...portVariables }, given);
  if (config.REPLICAS > 1 && platform !== "linux") {
    throw new ConfigError(
      "REPLICAS must be 1 here: the gateways share a port, over which Linux alone spreads connections",
    );
  }
  const ports = mapPorts((name) => config[SUITE_PORTS[name].variable]);
  return {
    dataDir: resolve(config.OCELLUS_DATA_DIR),
    ports,
    furtherPorts: portsOfFurtherCopies(ports, config.REPLICAS),
    databaseUrl: config.DATABASE_URL,
    natsUrl: config.NATS_URL,
  };
}
