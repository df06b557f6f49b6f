import { readFileSync } from "node:fs";
import {
  addressOf,
  ConfigError,
  commonVariables,
  databaseVariables,
  duration,
  readConfig,
  urlOf,
  wholeNumber,
} from "@ocellus/runtime/config.ts";
import { httpLimits } from "@ocellus/runtime/limit-variables.ts";
import { traceVariables } from "@ocellus/runtime/trace-variables.ts";
import { bool, makeExactValidator, port, str } from "envalid";
import { emails, scopeNames, scopeRules } from "./foreign/mapping.ts";

/** Origins as browsers send them, divided by commas, or `*` for all; nothing stands for none. */
const origins = makeExactValidator<string[]>((input) => {
  const list = input.split(",").map((origin) => origin.trim());
  if (list.length === 1 && (list[0] === "*" || list[0] === "")) return list.filter(Boolean);
  const wrong = list.filter((origin) => !isOrigin(origin));
  if (wrong.length === 0) return list;
  const named = wrong.map((origin) => `"${origin}"`).join(", ");
  throw new Error(`expected * alone, or origins such as https://app.example.com without a path, and not ${named}`);
});

/** An origin names no path, no default port, and a host in small letters. */
function isOrigin(text: string): boolean {
  return /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** An origin, such as https://ocellus.example.com: a URL without a path. */
const publicUrl = makeExactValidator<string>((input) => {
  if (!isOrigin(input)) throw new Error("expected a URL without a path, such as https://ocellus.example.com");
  return input;
});

/** A secret that nobody guesses. */
const secret = makeExactValidator<string>((input) => {
  if (input !== "" && !/^[\w.~-]{32,200}$/.test(input))
    throw new Error("expected 32 to 200 letters, digits and . _ ~ -");
  return input;
});

/** The secret that a file holds. */
const secretFile = makeExactValidator<string>((input) => {
  if (input === "") return "";
  const held = secret({})._parse(readFileSync(input, "utf8").trim());
  if (held === "") throw new Error("expected the secret in it, but it is empty");
  return held;
});

const clientId = makeExactValidator<string>((input) => {
  if (input !== "" && !/^[\w.-]{1,100}$/.test(input)) throw new Error("expected 1 to 100 letters, digits and . _ -");
  return input;
});

/** What bounds the gateway besides what bounds every port. */
export const gatewayLimits = {
  BODIES_MAX_BYTES: wholeNumber(
    1024 * 1024,
    Number.MAX_SAFE_INTEGER,
  )({
    default: 32 * 1024 * 1024,
    desc: "how many bytes the bodies of all requests that are not answered yet may have; more are refused with OVERLOADED",
  }),
  JSON_MAX_DEPTH: wholeNumber(
    100,
    100_000,
  )({ default: 1000, desc: "how deep JSON may nest to be parsed at all; the contract's own limit for data is 32" }),
  TOKEN_RATE: wholeNumber(
    1,
    10_000,
  )({ default: 2, desc: "how many tokens a second one client may ask for, and ten times as many at once" }),
  TOKEN_RATE_TOTAL: wholeNumber(
    1,
    100_000,
  )({ default: 50, desc: "how many tokens a second may be asked for in all, and ten times as many at once" }),
  TOKEN_SECRETS_AT_ONCE: wholeNumber(
    1,
    64,
  )({ default: 2, desc: "how many secrets are compared at once, each of which takes 16 MiB and some 50 ms of a core" }),
};

/** Every environment variable that the gateway reads. */
export const variables = {
  ...commonVariables,
  ...databaseVariables,
  ...httpLimits,
  ...traceVariables,
  ...gatewayLimits,
  PUBLIC_URL: publicUrl({
    desc: "the URL by which clients reach it, without a path: the issuer and the audience of its tokens, the same in all replicas",
  }),
  TOKEN_LIFETIME: duration({ default: 10 * 60_000, desc: "how long its tokens count" }),
  TOKEN_KEY_LIFETIME: duration({ default: 30 * 86_400_000, desc: "after how long a new key signs its tokens" }),
  FIRST_ADMINISTRATOR_ID: clientId({
    default: "",
    desc: "the id of a client with all scopes that it registers when it starts, unless one has or had this id",
  }),
  FIRST_ADMINISTRATOR_SECRET: secret({ default: "", desc: "the secret of that client" }),
  FIRST_ADMINISTRATOR_SECRET_FILE: secretFile({ default: "", desc: "the file that holds this secret instead" }),
  AUDIT_KEEP: duration({ default: 365 * 86_400_000, desc: "how long audit records are kept" }),
  AUDIT_MAX_RECORDS: wholeNumber(
    1000,
    1_000_000_000,
  )({ default: 1_000_000, desc: "how many audit records are kept; beyond, the oldest go" }),
  OIDC_ISSUER: urlOf(
    "https",
    "http",
  )({
    default: "",
    desc: "another issuer whose tokens are taken too, by its URL; http only where nobody can come between",
  }),
  OIDC_AUDIENCE: str({ default: "", desc: "the audience that its tokens must have; required with OIDC_ISSUER" }),
  OIDC_SCOPES_CLAIM: str({
    default: "scope",
    desc: "the claim that says what a token is for, a text or a list of texts; a claim within another as realm_access.roles",
  }),
  OIDC_SCOPES: scopeRules({
    default: [],
    desc: "which scopes the texts of that claim stand for, such as readers=read,operators=read+write; by default those of the same name",
  }),
  OIDC_DEFAULT_SCOPES: scopeNames({
    default: [],
    desc: "the scopes of everybody whom it lets in, such as read,aggregation, besides those of the claim",
  }),
  OIDC_NAMESPACES_CLAIM: str({
    default: "",
    desc: "the claim with the namespaces to which a token is limited, as globs; without it no token is limited",
  }),
  OIDC_EMAILS: emails({
    default: [],
    desc: "who is let in, by e-mail address, such as ann@example.com,*@example.org; by default whoever has a token",
  }),
  OIDC_TRUST_EMAILS: bool({
    default: false,
    desc: "whether e-mail addresses count that the issuer does not say it has verified",
  }),
  HTTP_PORT: port({ desc: "the port of REST, Connect, gRPC-Web and gRPC, without TLS" }),
  HTTP_PORT_SHARED: bool({
    default: false,
    desc: "whether other gateways of the same user on this machine may serve that port, too: Linux then spreads connections over them",
  }),
  CORS_ORIGINS: origins({
    default: [],
    desc: "the origins whose pages may call it from a browser, such as https://app.example.com,https://other.example, or *",
  }),
  INGEST_ADDRESS: addressOf("ingest"),
  SESSIONS_ADDRESS: addressOf("sessions"),
  AGGREGATION_ADDRESS: addressOf("aggregation"),
};

/** What the variables say. */
export type AccessConfig = ReturnType<typeof readGatewayConfig>;

/** Reads the environment. Answers the secret of the first administrator, wherever it was given. Throws one `ConfigError` for all that is missing, malformed, or does not go together. */
export function readGatewayConfig(environment = process.env) {
  const { FIRST_ADMINISTRATOR_SECRET_FILE: fromFile, ...config } = readConfig(variables, environment);
  const problems: string[] = [];
  if (fromFile !== "" && config.FIRST_ADMINISTRATOR_SECRET !== "") {
    problems.push("  FIRST_ADMINISTRATOR_SECRET_FILE stands for FIRST_ADMINISTRATOR_SECRET; set one of them");
  }
  const administratorSecret = fromFile || config.FIRST_ADMINISTRATOR_SECRET;
  if ((config.FIRST_ADMINISTRATOR_ID === "") !== (administratorSecret === "")) {
    problems.push("  FIRST_ADMINISTRATOR_ID and FIRST_ADMINISTRATOR_SECRET go together; set both, or neither");
  }
  if (config.OIDC_ISSUER !== "" && config.OIDC_AUDIENCE === "") {
    problems.push(
      "  OIDC_AUDIENCE is missing: without it tokens that the issuer gave for other purposes would count here",
    );
  }
  if (config.OIDC_ISSUER === config.PUBLIC_URL)
    problems.push("  OIDC_ISSUER is this gateway itself; name another issuer, or none");
  if (problems.length > 0) throw new ConfigError(`The environment needs mending:\n${problems.join("\n")}`);
  return { ...config, FIRST_ADMINISTRATOR_SECRET: administratorSecret };
}
