import type { JsonValue, Message } from "@bufbuild/protobuf";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import type { Caller } from "../access/guard.ts";
import type { KeepRefused } from "../event-errors/keep-refused.ts";
import { keepRefusedEvents, keptHere, type ReceivedCall } from "../event-errors/refused-call.ts";
import type { SwiftAnswer, SwiftEvents } from "../events/swift-events.ts";
import type { HttpResponse } from "../http/node-http.ts";
import { respond } from "../http/respond.ts";
import { completeRefusal } from "./complete-refusal.ts";
import { type Sent, statusAsSent } from "./paths-as-sent.ts";
import { type Parts, readRequest } from "./read-request.ts";
import { responseJson } from "./response-json.ts";
import type { Route } from "./routes.ts";
import { successStatusOf } from "./success-status.ts";

/** A request that leads to one RPC. */
export interface RestCall {
  sent: Sent;
  parts: Parts;
  received: ReceivedCall;
  caller: Caller;
  /** Aborts when the client is gone. */
  signal: AbortSignal;
  keep: KeepRefused;
  /** Says that errors thrown from then on name the fields as the contract has them, and are to name them as they were sent. */
  knownAs: (sent: Sent) => void;
}

/** Answers a request by the RPC's one response. Throws what is to be answered otherwise. */
export async function answerUnary(call: RestCall, events: SwiftEvents, response: HttpResponse): Promise<void> {
  const { method, upstream } = call.sent.route;
  const { body, query } = call.parts;
  const { signal, received, caller } = call;
  const size = received.body.size ?? 0;
  const swift = body !== undefined && query === "" ? events.send(method, body, size, { signal, caller }) : undefined;
  const json = swift
    ? await swiftJson(swift, call)
    : await outputJson(
        await upstream.call(method, await readMessage(call), { signal, caller, ...keptHere(method) }),
        call,
      );
  const status = successStatusOf(call.sent.route);
  if (status === 204) response.writeHead(204).end();
  else respond(response, status, json);
}

/** Reads the request whole. Throws INVALID_ARGUMENT naming every field that cannot be read. */
export async function readMessage({ sent, parts, received, caller, signal, knownAs }: RestCall): Promise<Message> {
  try {
    received.request = readRequest(sent, parts);
  } catch (refusal) {
    throw await completeRefusal(refusal, sent, { caller, signal });
  }
  knownAs(sent);
  return received.request;
}

/** What is answered to events that were never read as a message. Only where some are refused they are, to be kept. */
async function swiftJson(swift: Promise<SwiftAnswer>, call: RestCall): Promise<JsonValue> {
  call.knownAs(call.sent);
  const outcome = await swift.catch((error: unknown) => ({ error }));
  if ("json" in outcome) return outcome.json;
  call.received.request = readRequest(call.sent, call.parts);
  if ("error" in outcome) throw outcome.error;
  return outputJson(outcome.response, call);
}

async function outputJson(output: Message, { keep, sent, received }: RestCall): Promise<JsonValue> {
  const translate = (status: Status) => statusAsSent(status, sent);
  await keepRefusedEvents(keep, received, output, translate);
  const { method, responseBody: field }: Route = sent.route;
  if (!field?.message) return responseJson(method.output, output, translate);
  const part = (output as unknown as Record<string, Message | undefined>)[field.localName];
  if (!part) throw new Error(`${method} answered without its ${field.name}`);
  return responseJson(field.message, part, translate);
}
