import { ConnectError } from "@connectrpc/connect";

/** How often a call is made anew that its server did not take. */
const MOST_TRIES = 3;

/**
 * Makes a call, and makes it again where the server has not taken it at all (RFC 9113, section 8.7): it had just said that its connection is
 * old, and the call was on its way.
 */
export async function untilTaken<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (tries === MOST_TRIES || !isUntaken(error)) throw error;
    }
  }
}

function isUntaken(error: unknown): boolean {
  const { cause } = ConnectError.from(error);
  const { code, message } = (cause ?? {}) as NodeJS.ErrnoException;
  return code === "ERR_HTTP2_STREAM_ERROR" && /\bNGHTTP2_REFUSED_STREAM\b/.test(message);
}
