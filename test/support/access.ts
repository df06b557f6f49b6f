import { importJWK, type JWK, type JWTPayload, SignJWT } from "jose";
import type { Credentials } from "./client-token.ts";
import { fetch } from "./fetch-with-token.ts";
import type { TestBed } from "./test-bed.ts";

/** What a client may do. */
export interface Rights {
  scopes?: string[];
  namespaces?: string[];
}

/** Registers a client as the administrator, with all but administration where nothing else is said. */
export async function registerClient(
  url: string,
  { scopes = ["read", "write", "aggregation"], namespaces = [] }: Rights = {},
): Promise<Credentials> {
  const response = await fetch(`${url}/v1/clients`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ displayName: "a test", scopes, namespaces }),
  });
  if (response.status !== 201)
    throw new Error(`POST /v1/clients answered ${response.status}: ${await response.text()}`);
  const { client, clientSecret } = (await response.json()) as { client: { id: string }; clientSecret: string };
  return { id: client.id, secret: clientSecret };
}

/** Signs a token with the gateway's own key, as the gateway would, but for what the test says. */
export async function forgeToken(
  { url, query }: Pick<TestBed, "url" | "query">,
  claims: JWTPayload = {},
  header: { alg?: string; typ?: string; kid?: string } = {},
): Promise<string> {
  const [key] = await query<{ private_jwk: JWK }>(
    "select private_jwk from access.signing_keys order by sign_time desc",
  );
  const jwk = key!.private_jwk;
  const now = Math.floor(Date.now() / 1000);
  const usual = {
    iss: url,
    aud: url,
    sub: "forged",
    client_id: "forged",
    scope: "read write aggregation",
    ocellus_version: 1,
  };
  return new SignJWT({ ...usual, iat: now, exp: now + 60, jti: "forged", ...claims })
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: jwk.kid!, ...header })
    .sign(await importJWK(jwk, "ES256"));
}
