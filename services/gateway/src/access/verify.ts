import { decodeJwt, errors } from "jose";
import type { Verify } from "./authenticate.ts";
import { tokenInvalid } from "./denied.ts";

/** Verifies each token by what its issuer says of it. Throws UNAUTHENTICATED for a token of any other. */
export function verifyByIssuer(issuers: ReadonlyMap<string, Verify>): Verify {
  return async (token) => {
    const verify = issuers.get(issuerIn(token) ?? "");
    if (!verify) throw tokenInvalid("is of an issuer that is not known");
    return verify(token);
  };
}

/** The issuer that a token names, of which nothing is verified yet. */
function issuerIn(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch (error) {
    throw error instanceof errors.JOSEError ? tokenInvalid("is not a signed JWT") : error;
  }
}
