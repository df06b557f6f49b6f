import { Code, ConnectError } from "@connectrpc/connect";
import { postForm } from "./post-form.ts";
import type { TlsFiles } from "./tls-files.ts";

/** Who asks for tokens, and where. */
export interface ClientCredentials {
  /** The gateway's origin, such as `https://ocellus.example.com`. */
  gateway: string;
  /** The client's id, as CreateClient answered it. */
  id: string;
  secret: string;
  /** What the tokens are for, such as `write`. Default: all that the client may do. */
  scope?: string;
  /** For `https:`: a CA other than Node's own, and a certificate where a proxy wants one. */
  tls?: Partial<TlsFiles>;
}

interface Issued {
  token: string;
  /** When it is renewed, and when it expires, in milliseconds since 1970. */
  renewAt: number;
  expiresAt: number;
}

/** After so long without an answer a token cannot be had. */
const TIMEOUT_MS = 10_000;
/** A token is renewed after this part of its life, while it still counts. */
const RENEW_AFTER = 2 / 3;
/** How long to wait with another try where a token that still counts could not be renewed. */
const TRY_AGAIN_MS = 5000;

/**
 * A `token` for `createClients`, by OAuth2 client credentials. It asks for a token when the first call needs one, keeps it, renews it in good
 * time and after it was refused. Throws ConnectError: UNAUTHENTICATED where the id or the secret is wrong, INVALID_ARGUMENT for a scope
 * that the client has not, UNAVAILABLE where no token can be had now.
 */
export function clientCredentials(credentials: ClientCredentials): (refused?: string) => Promise<string> {
  let issued: Issued | undefined;
  let asking: Promise<Issued> | undefined;
  const renew = () => {
    asking ??= ask(credentials)
      .then((fresh) => {
        issued = fresh;
        return fresh;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  return async (refused) => {
    const known = issued;
    const now = Date.now();
    if (!known || now >= known.expiresAt || known.token === refused) return (await renew()).token;
    if (now >= known.renewAt && !asking) {
      known.renewAt = now + TRY_AGAIN_MS;
      // This call goes with the token that is there. Where no other can be had, a later call tries again.
      renew().catch(() => {});
    }
    return known.token;
  };
}

async function ask({ gateway, id, secret, scope, tls }: ClientCredentials): Promise<Issued> {
  const asked = Date.now();
  const form = new URLSearchParams({ grant_type: "client_credentials", ...(scope !== undefined && { scope }) });
  const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString("base64");
  const url = new URL("/oauth2/token", gateway);
  const { status, body } = await postForm(url, form, {
    authorization: `Basic ${basic}`,
    timeoutMs: TIMEOUT_MS,
    tls,
  }).catch((cause) => {
    throw new ConnectError(
      `No token can be had of ${url}: ${cause.message}`,
      Code.Unavailable,
      undefined,
      undefined,
      cause,
    );
  });
  const { access_token: token, expires_in: seconds, error, error_description: why } = answerIn(body);
  if (status === 200 && typeof token === "string") {
    const lifetimeMs = (typeof seconds === "number" ? seconds : 60) * 1000;
    return { token, renewAt: asked + lifetimeMs * RENEW_AFTER, expiresAt: asked + lifetimeMs };
  }
  const code = status === 401 ? Code.Unauthenticated : status === 400 ? Code.InvalidArgument : Code.Unavailable;
  throw new ConnectError(`${url} gave no token, but ${status} ${error ?? ""} ${why ?? ""}`.trim(), code);
}

function answerIn(body: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(body);
    return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
