import { errors, type KoaContextWithOIDC } from "oidc-provider";

/** The error of a token request that may be made again, as RFC 6749 has it, since nobody who asks for tokens knows other errors. */
export function tryLater(status: number, why: string, waitMs: number, context: KoaContextWithOIDC | undefined): Error {
  context?.set("retry-after", String(Math.ceil(waitMs / 1000)));
  const error = new errors.CustomOIDCProviderError("temporarily_unavailable", `${why}; try again later`);
  return Object.assign(error, { statusCode: status, status });
}
