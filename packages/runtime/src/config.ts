import {
  type CleanedEnv,
  cleanEnv,
  host,
  makeExactValidator,
  makeValidator,
  port,
  str,
  type ValidatorSpec,
} from "envalid";
import { withoutSecrets } from "./without-secrets.ts";

/** What is wrong with the environment: every variable that is missing or malformed, a line each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

type Variables = Record<string, ValidatorSpec<unknown>>;

/**
 * Reads the variables that `specs` describe.
 *
 * Throws one `ConfigError` that names all variables that are missing or malformed, with what each is for.
 */
export function readConfig<Specs extends Variables>(specs: Specs, environment = process.env): CleanedEnv<Specs> {
  return cleanEnv(environment, specs, {
    reporter: ({ errors }) => {
      const lines = Object.entries(errors).map(([name, error]) => {
        const found = environment[name];
        const problem =
          found === undefined ? "is missing" : `cannot be ${shown(name, found)}: ${(error as Error).message}`;
        return `  ${name} ${problem} (${specs[name]?.desc ?? "see the README"})`;
      });
      if (lines.length > 0) throw new ConfigError(`The environment needs mending:\n${lines.join("\n")}`);
    },
  });
}

/** A value as it may be told: no secret, nor a password in a URL. */
function shown(name: string, value: string): string {
  return /SECRET|PASSWORD|OTLP_HEADERS/.test(name) ? "what it is" : `"${withoutSecrets(value)}"`;
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time such as "250ms", "90s", "30m", "12h" or "7d", longer than none; read as milliseconds. */
export const duration = makeExactValidator<number>((input) => {
  const [, number, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(input) ?? [];
  if (!number || Number(number) === 0) throw new Error("expected a length of time such as 90s, 30m or 12h");
  return Number(number) * UNITS[unit as keyof typeof UNITS];
});

/** A length of time in milliseconds as it would be given, in the largest unit that tells it exactly. */
export function durationText(ms: number): string {
  const [unit, length] = Object.entries(UNITS).findLast(([, length]) => ms % length === 0)!;
  return `${ms / length}${unit}`;
}

/** The variables of every service. */
export const commonVariables = {
  LISTEN_HOST: host({ default: "127.0.0.1", desc: "the address on which it listens" }),
  HEALTH_PORT: port({ desc: "the port of health, readiness and metrics, plain HTTP" }),
  LOG_LEVEL: str({
    default: "info",
    choices: ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
    desc: "the lowest level that is logged",
  }),
  TLS_CA: str({ desc: "the file of the CA of all peers, PEM" }),
  TLS_CERT: str({ desc: "the file of its own certificate, PEM" }),
  TLS_KEY: str({ desc: "the file of the certificate's key, PEM" }),
  TLS_RELOAD_EVERY: duration({
    default: 10_000,
    desc: "how often these files are looked at for a new certificate, such as 10s",
  }),
};

const HOST_PORT = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/,[\]]+):(\d{1,5})$/;

/** A `host:port`, several of these divided by commas, or `dns:///host:port`; an IPv6 address stands in brackets. */
export const address = makeValidator((input: string) => {
  const places = input.startsWith("dns:///") ? [input.slice("dns:///".length)] : input.split(",");
  if (!places.every(isPlace)) {
    throw new Error("expected host:port, several of these divided by commas, or dns:///host:port");
  }
  return input;
});

function isPlace(text: string): boolean {
  const port = Number(HOST_PORT.exec(text)?.[1]);
  return port >= 1 && port <= 65_535;
}

/** The variable that says where a service of the suite serves gRPC. */
export const addressOf = (service: string) =>
  address({
    desc: `where the ${service} service serves gRPC: host:port, those of its replicas divided by commas, or dns:///host:port where one name stands for all replicas`,
  });

/** A URL of one of the given schemes. */
export const urlOf = (...schemes: string[]) =>
  makeValidator((input: string) => {
    const parsed = URL.canParse(input) ? new URL(input) : undefined;
    if (!parsed || !schemes.includes(parsed.protocol.slice(0, -1))) {
      throw new Error(`expected a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`);
    }
    return input;
  });

/** Names of peers, divided by commas; nothing stands for none. */
const peerNames = makeExactValidator<string[]>((input) => {
  const names = input
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  const wrong = names.filter((name) => !/^[a-z0-9-]+$/.test(name));
  if (wrong.length > 0)
    throw new Error(`expected names such as billing, which stands for billing.ocellus, and not ${wrong.join(", ")}`);
  return names;
});

/** The variables of every service with a database. */
export const databaseVariables = {
  DATABASE_URL: urlOf(
    "postgres",
    "postgresql",
  )({
    desc: "its PostgreSQL, with its own role; over TLS with ?sslmode=verify-full&sslrootcert= and the file of the CA",
  }),
  DATABASE_PASSWORD_FILE: str({
    default: "",
    desc: "the file that holds the password, read for each connection; without it the URL has the password",
  }),
  DATABASE_POOL: wholeNumber(1, 100)({ default: 5, desc: "how many connections to PostgreSQL it holds at most" }),
};

/** The variables of every service with a database and a queue. */
export const stateVariables = {
  ...databaseVariables,
  CLIENT_PEERS: peerNames({
    default: [],
    desc: "the peers besides the suite's own that may call it, by the names in their certificates: billing stands for billing.ocellus",
  }),
  GRPC_PORT: port({ desc: "the port of gRPC, mTLS only" }),
  NATS_URL: urlOf(
    "nats",
    "tls",
  )({
    desc: "its NATS, with JetStream: tls://host:port, with the certificate as the user; nats://host:port without TLS",
  }),
};

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number) {
  return makeExactValidator<number>((input) => {
    const number = Number(input);
    if (!Number.isInteger(number) || number < least || number > most) {
      throw new Error(`expected a whole number from ${least} to ${most}`);
    }
    return number;
  });
}

/** The TLS files that the common variables name. */
export function tlsFilesOf(config: { TLS_CA: string; TLS_CERT: string; TLS_KEY: string }) {
  return { ca: config.TLS_CA, cert: config.TLS_CERT, key: config.TLS_KEY };
}
