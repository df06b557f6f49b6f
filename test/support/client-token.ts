import type { TokenSource } from "./fetch-with-token.ts";

/** The id and the secret of a client. */
export interface Credentials {
  id: string;
  secret: string;
}

/** What a token request answered. */
export interface TokenAnswer {
  status: number;
  body: { access_token: string; expires_in: number; scope: string; token_type: string; error: string };
}

/** Asks a gateway for a token by client credentials. */
export async function askForToken(
  url: string,
  { id, secret }: Credentials,
  parameters: Record<string, string> = {},
  path = "/oauth2/token",
): Promise<TokenAnswer> {
  const response = await globalThis.fetch(url + path, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", ...parameters }),
  });
  return { status: response.status, body: (await response.json()) as TokenAnswer["body"] };
}

/** A token of a client, which must get one. */
export async function tokenOf(url: string, credentials: Credentials, scope?: string): Promise<string> {
  const { status, body } = await askForToken(url, credentials, scope === undefined ? {} : { scope });
  if (status !== 200) throw new Error(`POST /oauth2/token answered ${status}: ${JSON.stringify(body)}`);
  return body.access_token;
}

/** Tokens of a client, each used for half its life. */
export function tokensOf(url: string, credentials: Credentials): TokenSource {
  let token: Promise<string> | undefined;
  let until = 0;
  return () => {
    if (!token || Date.now() > until) {
      until = Date.now() + 300_000;
      token = tokenOf(url, credentials);
      token.catch(() => {
        token = undefined;
      });
    }
    return token;
  };
}
