import { randomUUID } from "node:crypto";
import { importJWK, type JWTPayload, SignJWT } from "jose";
import { CLAIMS } from "../src/issuer/own-tokens.ts";
import { ALGORITHM, type LoadedKey, load, newKey } from "../src/issuer/signing-keys.ts";

/** Who issues the tokens of these tests, and whom they are for. */
export const ISSUER = "http://gateway.test";

/** A key that signs. */
export async function loadedKey(): Promise<LoadedKey> {
  return load({ ...(await newKey()), signTime: 0n });
}

/** A token as the gateway issues them, but for what the test says. */
export async function signToken(key: LoadedKey, claims: JWTPayload = {}, header: object = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const usual = {
    iss: ISSUER,
    aud: ISSUER,
    sub: "tester",
    client_id: "tester",
    scope: "read write aggregation admin",
    iat: now,
    exp: now + 3600,
    jti: randomUUID(),
    [CLAIMS.version]: 1,
  };
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: ALGORITHM, typ: "at+jwt", kid: key.id, ...header })
    .sign(await importJWK(key.privateJwk, ALGORITHM));
}
