/** SQLSTATEs with which PostgreSQL says that it is not there for anybody: shutting down, starting up, out of connections. */
const UNAVAILABLE_STATES = new Set(["57P01", "57P02", "57P03", "53300"]);

/** Those for the role or its password not being known: they are made, or changed, at another moment than we are told of them. */
const LOGIN_STATES = new Set(["28000", "28P01"]);

/** What Node says of certificates that it, or the server, does not take, as while they are replaced. */
const CERTIFICATE_CODE = /^(CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_|UNABLE_TO_|ERR_TLS_CERT_|ERR_SSL_|ERR_OSSL_X509_)/;

/** Those for a table, a schema, or the rights to it, that the first migrations bring. */
const UNKNOWN_STATES = new Set(["42P01", "3F000", "42501"]);

const NETWORK_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** What `pg` says, without any code, of a connection that is gone or cannot be had. */
const CONNECTION_MESSAGE =
  /connection terminated|connection ended|timeout exceeded when trying to connect|client has encountered a connection error|not queryable/i;

/** Every error in the chain of causes; MikroORM wraps those of `pg`. */
function* chainOf(error: unknown): Generator<{ code?: unknown; message?: unknown; constraint?: unknown }> {
  for (let at = error, depth = 0; typeof at === "object" && at !== null && depth < 5; depth++) {
    yield at;
    if (at instanceof AggregateError) for (const inner of at.errors) yield inner;
    at = "cause" in at ? at.cause : undefined;
  }
}

/** Whether an error says that PostgreSQL cannot be reached, or not as whom we come, rather than that it refused a statement. */
export function isDatabaseUnavailable(error: unknown): boolean {
  for (const { code, message } of chainOf(error)) {
    if (
      typeof code === "string" &&
      (NETWORK_CODES.has(code) ||
        UNAVAILABLE_STATES.has(code) ||
        LOGIN_STATES.has(code) ||
        CERTIFICATE_CODE.test(code) ||
        code.startsWith("08"))
    ) {
      return true;
    }
    if (typeof message === "string" && CONNECTION_MESSAGE.test(message)) return true;
  }
  return false;
}

/** Whether a statement would have made a second row with the key of another. */
export function isUniqueViolation(error: unknown): boolean {
  return sqlStateOf(error) === "23505";
}

/** Whether a transaction lost to another at the same moment, a deadlock included, and may be made again. */
export function isSerializationFailure(error: unknown): boolean {
  return ["40001", "40P01"].includes(sqlStateOf(error) ?? "");
}

/** The SQLSTATE of an error of PostgreSQL, such as "23505". */
export function sqlStateOf(error: unknown): string | undefined {
  for (const { code } of chainOf(error)) {
    if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code)) return code;
  }
  return undefined;
}

/** The name of the constraint that a row would have broken; empty where PostgreSQL does not tell. */
export function constraintOf(error: unknown): string {
  for (const { constraint } of chainOf(error)) if (typeof constraint === "string") return constraint;
  return "";
}

/** Whether an error says that what we ask for is not there, or not for us. */
export function isUnknownToUs(error: unknown): boolean {
  for (const { code } of chainOf(error)) if (typeof code === "string" && UNKNOWN_STATES.has(code)) return true;
  return false;
}
