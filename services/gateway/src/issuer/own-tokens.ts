import { NamespaceLimit } from "@ocellus/runtime/namespace-limit.ts";
import { errors, type JWTPayload, jwtVerify } from "jose";
import { tokenInvalid } from "../access/denied.ts";
import { type Principal, scopesIn } from "../access/principal.ts";
import { ALGORITHM, type LoadedKey } from "./signing-keys.ts";

/** What tokens of our own hold beyond RFC 9068. */
export const CLAIMS = {
  /** The version of the client for which it was issued. */
  version: "ocellus_version",
  name: "ocellus_name",
  /** Absent where there is no limit. */
  namespaces: "ocellus_namespaces",
} as const;

/** What verifies tokens of our own. */
export interface OwnTokens {
  /** Our URL, which is the issuer and the audience of our tokens. */
  url: string;
  keys(): readonly LoadedKey[];
  /** Whether tokens of the client's version count. */
  counts(clientId: string, version: number): boolean;
}

/** Says whose a token of our own is, without asking anybody. Throws UNAUTHENTICATED where it does not count. */
export async function verifyOwn({ url, keys, counts }: OwnTokens, token: string): Promise<Principal> {
  const payload = await claimsOf(token, url, keys());
  const { client_id: id, scope, exp = 0 } = payload as JWTPayload & { client_id?: unknown; scope?: unknown };
  const { [CLAIMS.version]: version, [CLAIMS.name]: name, [CLAIMS.namespaces]: globs } = payload;
  if (typeof id !== "string" || typeof version !== "number") throw tokenInvalid("is not one of a client");
  return {
    id,
    name: typeof name === "string" ? name : "",
    issuer: url,
    scopes: scopesIn(typeof scope === "string" ? scope.split(" ") : []),
    namespaces: Array.isArray(globs) ? new NamespaceLimit(globs) : undefined,
    isValid: () => exp * 1000 > Date.now() && counts(id, version),
  };
}

async function claimsOf(token: string, url: string, keys: readonly LoadedKey[]): Promise<JWTPayload> {
  const keyOf = ({ kid }: { kid?: string }) => {
    const key = keys.find(({ id }) => id === kid);
    if (!key) throw tokenInvalid("is signed by a key that is not ours");
    return key.verifying;
  };
  const expected = {
    issuer: url,
    audience: url,
    typ: "at+jwt",
    algorithms: [ALGORITHM],
    requiredClaims: ["exp", "iat"],
  };
  try {
    return (await jwtVerify(token, keyOf, expected)).payload;
  } catch (error) {
    throw error instanceof errors.JOSEError ? tokenInvalid(problemOf(error)) : error;
  }
}

/** What is wrong with a token, as far as its owner needs to know. Completes "The token …". */
export function problemOf(error: InstanceType<typeof errors.JOSEError>): string {
  if (error instanceof errors.JWTExpired) return "has expired";
  if (error instanceof errors.JWTClaimValidationFailed) return `has the wrong ${CLAIM_NAMES[error.claim] ?? "claims"}`;
  if (error instanceof errors.JOSEAlgNotAllowed) return "is signed by an algorithm that is not taken";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "has a wrong signature";
  if (error instanceof errors.JWKSNoMatchingKey) return "is signed by a key that its issuer does not publish";
  return "is not a signed JWT";
}

const CLAIM_NAMES: Record<string, string> = { aud: "audience", iss: "issuer", typ: "type", nbf: "time", iat: "time" };
