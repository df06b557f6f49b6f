import type { Interceptor } from "@connectrpc/connect";

/** What answers a token that counts. */
export type TokenSource = () => Promise<string>;

/** By the origin of the gateway. */
const sources = new Map<string, TokenSource>();

/** Has `fetch` and `sendToken` send tokens of this source to a gateway, where a test says nothing else. */
export function useTokens(url: string, source: TokenSource): void {
  sources.set(new URL(url).origin, source);
}

/** The token that goes to a gateway without any other word; undefined to what is none. */
export async function tokenFor(url: string | URL): Promise<string | undefined> {
  return sources.get(new URL(url).origin)?.();
}

/** The header with that token. */
export async function authorizationFor(url: string | URL): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await tokenFor(url)}` };
}

/** `fetch` with a token of the gateway that is called. A test that has a header `authorization` of its own, or "" for none, keeps it. */
export async function fetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (headers.get("authorization") === "") headers.delete("authorization");
  else if (!headers.has("authorization")) {
    const token = await tokenFor(url);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  }
  return globalThis.fetch(url, { ...init, headers });
}

/** Sends the same with the calls of a Connect client. */
export const sendToken: Interceptor = (next) => async (request) => {
  const token = await tokenFor(request.url);
  if (token !== undefined && !request.header.has("authorization"))
    request.header.set("authorization", `Bearer ${token}`);
  return next(request);
};
