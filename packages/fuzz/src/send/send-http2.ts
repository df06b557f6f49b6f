import { type ClientHttp2Session, connect } from "node:http2";
import { ANSWERS_WITHIN_MS, type Answer, NO_ANSWER } from "../judge.ts";
import { rpcStatusIn } from "./rpc-status.ts";
import type { HttpRequest } from "./send-http.ts";

/** A stream that has begun to answer, and goes on, is left after so long. */
const STREAM_WAITS_MS = 300;

/** One connection of HTTP/2 without TLS; a new one where the server has closed it. */
export class Http2Client {
  readonly #url: string;
  #session: ClientHttp2Session | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  send({ method, path, headers, body }: HttpRequest): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const stream = this.#connected().request({ ":method": method, ":path": path, ...headers });
    const said: string[] = [];
    let status = "connection lost";
    const note = (fields: object) => {
      for (const [name, value] of Object.entries(fields)) said.push(`${name}: ${value}`);
    };
    const late = setTimeout(() => {
      status = NO_ANSWER;
      stream.destroy();
    }, ANSWERS_WITHIN_MS);
    stream.on("response", (fields) => {
      clearTimeout(late);
      status = String(fields[":status"]);
      note(fields);
      setTimeout(() => stream.close(), STREAM_WAITS_MS).unref();
    });
    stream.on("trailers", note);
    stream.on("data", (chunk: Buffer) => said.push(chunk.toString()));
    stream.on("error", ({ message }) => said.push(message));
    stream.on("close", () => {
      clearTimeout(late);
      const text = said.join("\n");
      const rpc = rpcStatusIn(text);
      resolve({ status: rpc ?? status, failed: rpc !== undefined || status >= "400", text });
    });
    stream.end(body);
    return promise;
  }

  close(): void {
    this.#session?.destroy();
  }

  #connected(): ClientHttp2Session {
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connect(this.#url);
    // Its streams tell.
    session.on("error", () => {});
    this.#session = session;
    return session;
  }
}
