import { fetch } from "./fetch-with-token.ts";
/** A server-sent event, as the WHATWG HTML standard has a client read it. */
export interface ServerSentEvent {
  type: string;
  data: string;
  lastEventId: string;
}

/** Reads a stream of server-sent events. It does not reconnect by itself. */
export class EventSource {
  /** What a client sends as Last-Event-ID when it reconnects. */
  lastEventId = "";
  readonly #abort: AbortController;
  readonly #lines: AsyncGenerator<string>;

  private constructor(abort: AbortController, body: AsyncIterable<Uint8Array>) {
    this.#abort = abort;
    this.#lines = linesOf(body);
  }

  /** Opens a stream, and resolves once it says where it begins. Rejects where the answer is no stream. */
  static async open(url: string, lastEventId = ""): Promise<EventSource> {
    const abort = new AbortController();
    const headers = lastEventId === "" ? {} : { "last-event-id": lastEventId };
    const response = await fetch(url, { headers, signal: abort.signal });
    if (response.headers.get("content-type") !== "text/event-stream") {
      throw new Error(`${response.status} ${await response.text()}`);
    }
    const source = new EventSource(abort, response.body!);
    await source.#block();
    return source;
  }

  /** The next event. Rejects where the stream ends. */
  async next(): Promise<ServerSentEvent> {
    for (;;) {
      const event = await this.#block();
      if (event.data !== "") return event;
    }
  }

  close(): void {
    this.#abort.abort();
  }

  async #block(): Promise<ServerSentEvent> {
    const event = { type: "message", data: "" };
    for (;;) {
      const { done, value: line } = await this.#lines.next();
      if (done) throw new Error("The stream has ended");
      if (line === "") return { ...event, lastEventId: this.lastEventId };
      const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/.exec(line)!;
      if (field === "id") this.lastEventId = value;
      if (field === "event") event.type = value;
      if (field === "data") event.data += value;
    }
  }
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  return undefined;
}
