import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";

/** A request over HTTP/1.1, or over HTTP/2 by way of Node's compatibility API. */
export type HttpRequest = IncomingMessage;

/** The response to an `HttpRequest`. */
export type HttpResponse = ServerResponse;

/** Answers one request. */
export type HttpHandler = (request: HttpRequest, response: HttpResponse) => void;

/** Whether the client of a response is gone, so that nothing can be written any more. */
export function isGone(response: HttpResponse): boolean {
  const { stream } = response as unknown as Partial<Pick<Http2ServerResponse, "stream">>;
  return response.destroyed || stream?.destroyed === true;
}

/** Aborts when the client is gone before its answer was complete. */
export function disconnectSignal(response: HttpResponse): AbortSignal {
  const abort = new AbortController();
  if (response.destroyed) abort.abort();
  response.once("close", () => {
    // Over HTTP/2 a client that resets its stream with NO_ERROR makes it look finished, though nobody has ended it.
    if (!response.writableEnded || !response.writableFinished) abort.abort();
  });
  return abort.signal;
}
