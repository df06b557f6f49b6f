import { NamespaceLimit } from "@ocellus/runtime/namespace-limit.ts";
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { emailNotAllowed, tokenInvalid } from "../access/denied.ts";
import type { Principal, ScopeName } from "../access/principal.ts";
import { problemOf } from "../issuer/own-tokens.ts";
import { type ScopeRule, scopesOf, textsIn } from "./mapping.ts";

/** Another issuer whose tokens are taken, and what they mean here. */
export interface ForeignIssuer {
  issuer: string;
  audience: string;
  scopesClaim: string;
  scopes: readonly ScopeRule[];
  defaultScopes: readonly ScopeName[];
  /** Empty where no token is limited to namespaces. */
  namespacesClaim: string;
  /** Who is let in; empty for whoever has a token. */
  emails: readonly RegExp[];
  trustEmails: boolean;
}

/** Signatures that only the holder of a private key can make. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
/** What an access token or an ID token may call itself; others, such as logout tokens, are for something else. */
const TYPES = [undefined, "jwt", "at+jwt", "application/at+jwt", "id+jwt"];
/** How far the clock of the issuer may be off, in seconds. */
const TOLERANCE_S = 5;

/**
 * Says whose a token of another issuer is. Throws UNAUTHENTICATED where it does not count, PERMISSION_DENIED for an e-mail address that is
 * not let in, UNAVAILABLE where the issuer must be asked for a key and does not answer.
 */
export async function verifyForeign(issuer: ForeignIssuer, keyOf: JWTVerifyGetKey, token: string): Promise<Principal> {
  const claims = await claimsOf(issuer, keyOf, token);
  const email = emailIn(claims, issuer);
  if (issuer.emails.length > 0 && !issuer.emails.some((pattern) => email !== undefined && pattern.test(email))) {
    throw emailNotAllowed(email);
  }
  const texts = textsIn(claims, issuer.scopesClaim) ?? [];
  const { exp = 0, sub = "" } = claims;
  return {
    id: sub,
    name: email ?? "",
    issuer: issuer.issuer,
    scopes: scopesOf(texts, issuer.scopes).union(new Set(issuer.defaultScopes)),
    namespaces: limitIn(claims, issuer),
    isValid: () => (exp + TOLERANCE_S) * 1000 > Date.now(),
  };
}

async function claimsOf(
  { issuer, audience }: ForeignIssuer,
  keyOf: JWTVerifyGetKey,
  token: string,
): Promise<JWTPayload> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keyOf, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: TOLERANCE_S,
      requiredClaims: ["exp", "sub"],
    });
    if (!TYPES.includes(protectedHeader.typ?.toLowerCase())) throw tokenInvalid("is of a type that is not taken");
    return payload;
  } catch (error) {
    throw error instanceof errors.JOSEError ? tokenInvalid(problemOf(error)) : error;
  }
}

/** The address in small letters; undefined where nobody vouches for it. */
function emailIn({ email, email_verified }: JWTPayload, { trustEmails }: ForeignIssuer): string | undefined {
  if (typeof email !== "string" || email.length > 254) return undefined;
  return trustEmails || email_verified === true || email_verified === "true" ? email.toLowerCase() : undefined;
}

/** Where limits are told by a claim, who lacks it may see nothing, rather than everything. */
function limitIn(claims: JWTPayload, { namespacesClaim }: ForeignIssuer): NamespaceLimit | undefined {
  return namespacesClaim === "" ? undefined : new NamespaceLimit(textsIn(claims, namespacesClaim) ?? []);
}
