/** The paths under which tokens are issued, and told about. */
export const PATHS = {
  token: "/oauth2/token",
  jwks: "/.well-known/jwks.json",
  discovery: ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"],
} as const;
