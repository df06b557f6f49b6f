import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";

/**
 * A bearer token, or what answers one. A function is asked before each call: keep a token in it for as long as it is valid. It is asked
 * again, with the token that it answered, where a call is refused with that; another token that it answers then is tried once.
 */
export type Token = string | ((refused?: string) => string | Promise<string>);

/** Sends the token with each call, as `authorization`. A call fails where the function fails. */
export function sendToken(token: Token): Interceptor {
  return (next) => async (request) => {
    const text = typeof token === "string" ? token : await token();
    request.header.set("authorization", `Bearer ${text}`);
    try {
      return await next(request);
    } catch (error) {
      const isRefused = ConnectError.from(error).code === Code.Unauthenticated;
      // The messages of a stream are gone once they were sent.
      if (!isRefused || typeof token === "string" || request.stream) throw error;
      const other = await token(text);
      if (other === text) throw error;
      request.header.set("authorization", `Bearer ${other}`);
      return next(request);
    }
  };
}
