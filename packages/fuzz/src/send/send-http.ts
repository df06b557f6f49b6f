import { type Agent, request as httpRequest } from "node:http";
import { ANSWERS_WITHIN_MS, type Answer, NO_ANSWER } from "../judge.ts";
import { rpcStatusIn } from "./rpc-status.ts";

/** A stream that has begun to answer, and goes on, is left after so long. */
const STREAM_WAITS_MS = 200;

/** An HTTP/1.1 request as it is sent, without any tidying up. */
export interface HttpRequest {
  method: string;
  /** With the query. */
  path: string;
  /** A list of values is sent as so many headers. */
  headers: Record<string, string | string[]>;
  body: Uint8Array;
}

/** Sends a request, and reads its answer whole. */
export function sendHttp(agent: Agent, port: number, { method, path, headers, body }: HttpRequest): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const request = httpRequest({
    agent,
    host: "127.0.0.1",
    port,
    method,
    path,
    headers: { ...headers, ...(body.length > 0 && { "content-length": String(body.length) }) },
  });
  const timer = setTimeout(() => {
    resolve({ status: NO_ANSWER, failed: true, text: "" });
    request.destroy();
  }, ANSWERS_WITHIN_MS);
  request.on("error", ({ message }) => {
    clearTimeout(timer);
    resolve({ status: "connection lost", failed: true, text: message });
  });
  request.on("response", (response) => {
    const chunks: Buffer[] = [];
    const status = String(response.statusCode);
    const done = () => {
      clearTimeout(timer);
      const body = Buffer.concat(chunks).toString();
      const isText = response.headers["content-type"]?.startsWith("application/grpc-web-text");
      const read = isText ? Buffer.from(body, "base64").toString() : body;
      const text = [...pairs(response.rawHeaders), ...pairs(response.rawTrailers), read].join("\n");
      const isRpc = path.startsWith("/ocellus.");
      const rpc = isRpc ? rpcStatusIn(text) : undefined;
      resolve({ status: rpc ?? status, failed: rpc !== undefined || status >= "400", text });
    };
    response.on("data", (chunk) => chunks.push(chunk));
    response.on("end", done);
    response.on("error", done);
    const { "content-type": type = "" } = response.headers;
    if (/^(text\/event-stream|application\/(connect\+|grpc))/.test(type))
      setTimeout(() => response.destroy(), STREAM_WAITS_MS).unref();
    response.on("close", done);
  });
  request.end(body);
  return promise;
}

function pairs(raw: string[]): string[] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${raw[index + 1]}`] : []));
}
