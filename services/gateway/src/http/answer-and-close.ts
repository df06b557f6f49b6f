import type { HttpRequest, HttpResponse } from "./node-http.ts";

/** How long a client that still sends may take to read its answer. */
const LINGER_MS = 1000;

/**
 * Answers a request whose body is not read to its end, and closes the connection. What the client still sends is thrown
 * away for a moment: a connection that is closed upon unread bytes is reset, and the client may lose its answer.
 */
export function answerAndClose(request: HttpRequest, response: HttpResponse, write: () => void): void {
  const isHttp1 = request.httpVersionMajor === 1;
  if (isHttp1) response.setHeader("connection", "close");
  write();
  const finish = () => {
    clearTimeout(timer);
    response.end();
    if (!isHttp1) request.destroy();
  };
  const timer = setTimeout(finish, LINGER_MS);
  request.once("end", finish).once("close", finish).resume();
}
