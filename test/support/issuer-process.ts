import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

/**
 * An OpenID issuer in a process of its own: `node issuer-process.ts PORT AUDIENCE`. Its clients are named by the claims that their tokens are
 * to have, as base64url of JSON, and all have the secret "secret". It prints "ready" when it listens. On SIGUSR2 it takes another key.
 */
const [port = "", audience = ""] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

async function newProvider(): Promise<Provider> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const off = { enabled: false };
  return new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig" }] } as never,
    adapter: class {
      find = async (id: string) => ({
        client_id: id,
        client_secret: "secret",
        grant_types: ["client_credentials"],
        response_types: [],
        redirect_uris: [],
      });
    } as never,
    scopes: ["read", "write"],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: off,
      rpInitiatedLogout: off,
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: (_, resource) => ({
          scope: "read write",
          audience: resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: 600,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    extraTokenClaims: (context) => JSON.parse(Buffer.from(context.oidc.client!.clientId, "base64url").toString()),
  });
}

let provider = await newProvider();
process.on("SIGUSR2", async () => {
  provider = await newProvider();
  process.stdout.write("renewed\n");
});
createServer((request, response) => provider.callback()(request, response)).listen(Number(port), "127.0.0.1", () => {
  process.stdout.write("ready\n");
});
