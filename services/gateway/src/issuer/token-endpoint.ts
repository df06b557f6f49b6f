import { type Configuration, errors, type KoaContextWithOIDC, Provider } from "oidc-provider";
import type { Logger } from "pino";
import { SCOPE_NAMES } from "../access/principal.ts";
import { CLIENT_METADATA, clientAdapter, type FindClient, type KeptClient } from "./client-adapter.ts";
import { compareSecrets, isByPrevious } from "./compare-secrets.ts";
import { CLAIMS } from "./own-tokens.ts";
import { PATHS } from "./paths.ts";
import { ALGORITHM, type LoadedKey, signingAmong } from "./signing-keys.ts";
import type { TokenLimits } from "./token-limits.ts";

/** How tokens are issued. */
export interface IssuerOptions {
  /** The URL by which clients reach us: the issuer and the audience of our tokens. */
  url: string;
  tokenLifetimeMs: number;
  limits: TokenLimits;
  find: FindClient;
  log: Logger;
}

/** The library's issuer for a set of keys, of which the one that signs now is chosen for each token. */
export function providerOf(keys: readonly LoadedKey[], options: IssuerOptions): Provider {
  const { url, find, limits, log } = options;
  const provider = new Provider(url, configurationOf(keys, options, clientAdapter(find)));
  compareSecrets(provider, limits);
  provider.use(async (context, next) => {
    await next();
    if (context.oidc?.route === "discovery") context.body = discovery(url);
  });
  provider.on("server_error", (_, error) => log.error({ err: error }, "a token could not be issued"));
  return provider;
}

function configurationOf(
  keys: readonly LoadedKey[],
  { url, tokenLifetimeMs }: IssuerOptions,
  adapter: Configuration["adapter"],
): Configuration {
  const off = { enabled: false };
  return {
    adapter,
    jwks: { keys: keys.map(({ privateJwk }) => privateJwk) } as Configuration["jwks"],
    scopes: SCOPE_NAMES,
    claims: {},
    clientAuthMethods: ["client_secret_basic", "client_secret_post"],
    clientDefaults: {
      grant_types: ["client_credentials"],
      response_types: [],
      id_token_signed_response_alg: ALGORITHM,
      token_endpoint_auth_method: "client_secret_basic",
    },
    enabledJWA: { idTokenSigningAlgValues: [ALGORITHM] },
    extraClientMetadata: { properties: [...CLIENT_METADATA], validator: () => {} },
    responseTypes: [],
    routes: { token: PATHS.token, jwks: PATHS.jwks },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: off,
      rpInitiatedLogout: off,
      userinfo: off,
      resourceIndicators: {
        enabled: true,
        defaultResource: () => url,
        useGrantedResource: () => true,
        getResourceServerInfo: (context, resource, client) => {
          if (resource !== url) throw new errors.InvalidTarget();
          const kept = keptOf(client);
          // Who does not say what the token is for gets one for all that the client may (RFC 6749, section 3.3).
          const { params } = context.oidc;
          if (params && !params.scope) params.scope = kept.scopes.join(" ");
          requireScopes(String(params?.scope ?? ""));
          return {
            scope: kept.scopes.join(" "),
            audience: url,
            accessTokenFormat: "jwt",
            accessTokenTTL: lifetimeOf(kept, context, tokenLifetimeMs),
            jwt: { sign: { alg: ALGORITHM, kid: signingAmong(keys).id } },
          };
        },
      },
    },
    extraTokenClaims: (context) => {
      const { version, name, namespaces } = keptOf(context.oidc.client);
      return {
        [CLAIMS.version]: version,
        [CLAIMS.name]: name,
        ...(namespaces.length > 0 && { [CLAIMS.namespaces]: namespaces }),
      };
    },
    // All of ours are for the resource above, which says how long they count.
    ttl: { ClientCredentials: (_, token) => token.resourceServer!.accessTokenTTL! },
    renderError: (context, out) => {
      context.type = "application/json";
      context.body = out;
    },
  };
}

/** Throws invalid_scope for a scope that there is not: the library would pass over it, and issue a token without. */
function requireScopes(scope: string): void {
  const unknown = scope.split(" ").find((name) => name !== "" && !(SCOPE_NAMES as readonly string[]).includes(name));
  if (unknown) throw new errors.InvalidScope("there is no such scope", unknown);
}

/** What we keep of a client in the library's. */
export function keptOf(client: object | undefined): KeptClient {
  return (client as { ocellus_client: KeptClient }).ocellus_client;
}

/** In seconds. A token that was got by the secret before does not outlive it. */
function lifetimeOf(
  { previousSecretExpires }: KeptClient,
  context: KoaContextWithOIDC,
  tokenLifetimeMs: number,
): number {
  const seconds = Math.ceil(tokenLifetimeMs / 1000);
  if (!isByPrevious(context)) return seconds;
  return Math.max(1, Math.min(seconds, previousSecretExpires - Math.floor(Date.now() / 1000)));
}

/** What there is to know (RFC 8414): of the library's own document most is about what we do not serve. */
function discovery(url: string): object {
  return {
    issuer: url,
    token_endpoint: url + PATHS.token,
    jwks_uri: url + PATHS.jwks,
    grant_types_supported: ["client_credentials"],
    response_types_supported: [],
    scopes_supported: SCOPE_NAMES,
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  };
}
