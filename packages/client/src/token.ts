import type { Interceptor } from "@connectrpc/connect";

/** A bearer token, or what answers one. A function is asked before each call: keep a token in it for as long as it is valid. */
export type Token = string | (() => string | Promise<string>);

/** Sends the token with each call, as `authorization`. A call fails where the function fails. */
export function sendToken(token: Token): Interceptor {
  return (next) => async (request) => {
    const text = typeof token === "string" ? token : await token();
    request.header.set("authorization", `Bearer ${text}`);
    return next(request);
  };
}
