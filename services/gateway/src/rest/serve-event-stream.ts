import type { DescField, Message } from "@bufbuild/protobuf";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import { drained } from "@ocellus/runtime/drained.ts";
import type { Caller } from "../access/guard.ts";
import type { HttpRequest, HttpResponse } from "../http/node-http.ts";
import { statusJson } from "../http/respond.ts";
import { httpStatusOf } from "../http/status-code.ts";
import type { CallNote } from "../metrics.ts";
import { responseJson } from "./response-json.ts";
import type { Route } from "./routes.ts";

/** The field of a request and of its responses by which a stream is resumed: the `id` of server-sent events. */
const ID_FIELD = "resume_token";

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // nginx would keep events back until it has a buffer full of them.
  "x-accel-buffering": "no",
};

/** A client that takes nothing for so long, though something waits for it, is gone or will come again. */
const STALLED_MS = 30_000;

/** A call whose responses are to be streamed. */
export interface EventStream {
  route: Route;
  request: Message;
  caller: Caller;
  /** Aborts when the client is gone. */
  signal: AbortSignal;
  statusOf(error: unknown): Status;
}

/**
 * Answers the responses of a server-streaming method as server-sent events (WHATWG HTML, section 9.2): the field that the route's
 * `response_body` names is the data, under its name as the type of the event; a response without it is a comment. What goes
 * wrong before the first response is thrown; after it, it is an event of the type `error`, and the end.
 */
export async function serveEventStream(
  { route, request: message, caller, signal, statusOf }: EventStream,
  request: HttpRequest,
  response: HttpResponse,
  note: CallNote,
): Promise<void> {
  if (request.method === "HEAD") {
    response.writeHead(200, HEADERS).end();
    return;
  }
  const lastEventId = request.headers["last-event-id"];
  if (typeof lastEventId === "string" && lastEventId !== "") setText(route, message, lastEventId);
  try {
    for await (const output of route.upstream.stream(route.method, message, { signal, caller })) {
      if (!response.headersSent) response.writeHead(200, HEADERS);
      if (!response.write(eventOf(route, output))) await taken(response, signal);
      if (signal.aborted) return;
    }
  } catch (error) {
    if (signal.aborted) return;
    if (!response.headersSent) throw error;
    const status = statusOf(error);
    note.status = httpStatusOf(status);
    response.write(`event: error\ndata: ${JSON.stringify(statusJson(status))}\n\n`);
  }
  if (!response.headersSent) response.writeHead(200, HEADERS);
  response.end();
}

function eventOf({ method, responseBody }: Route, output: Message): string {
  const idField = method.output.fields.find(({ name }) => name === ID_FIELD);
  const id = idField ? `id: ${valueIn(output, idField)}\n` : "";
  if (!responseBody?.message) return `${id}data: ${JSON.stringify(responseJson(method.output, output, asIs))}\n\n`;
  const data = valueIn(output, responseBody) as Message | undefined;
  // An id takes effect without data, too: a client that reconnects resumes from it.
  if (!data) return `: keep-alive\n${id}\n`;
  return `${id}event: ${responseBody.name}\ndata: ${JSON.stringify(responseJson(responseBody.message, data, asIs))}\n\n`;
}

const asIs = (status: Status) => status;

function valueIn(message: Message, { localName }: DescField): unknown {
  return (message as unknown as Record<string, unknown>)[localName];
}

/** The header of a client that reconnects is newer than the query that it repeats. */
function setText({ method }: Route, message: Message, text: string): void {
  const field = method.input.fields.find(({ name }) => name === ID_FIELD);
  if (field) (message as unknown as Record<string, unknown>)[field.localName] = text;
}

/** Waits until the client has taken what was written. One that does not is cut off, which aborts the signal. */
async function taken(response: HttpResponse, signal: AbortSignal): Promise<void> {
  const timer = setTimeout(() => response.destroy(), STALLED_MS);
  await drained(response, signal);
  clearTimeout(timer);
}
