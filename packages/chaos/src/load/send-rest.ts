import { create, createRegistry, fromJson, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { file_google_rpc_error_details } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { BatchTrackEventsResponseSchema } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { microsOf } from "@ocellus/runtime/time.ts";
import { answerOf, type Send } from "./answers.ts";
import type { EventInit } from "./entry.ts";
import type { Answer } from "./ledger.ts";

const registry = createRegistry(file_google_rpc_error_details);

/** Where the gateway is, and what answers a token for it. */
export interface Gateway {
  readonly url: string;
  readonly token: () => Promise<string>;
}

/** What the gateway answered; undefined where it did not. */
export interface RestAnswer {
  status: number;
  body: JsonValue | undefined;
  retryAfter: string | null;
}

/** Makes one request. Throws where there is no answer. */
export async function request(
  { url, token }: Gateway,
  path: string,
  method: string,
  body: JsonValue | undefined,
  timeoutMs: number,
) {
  const response = await fetch(url + path, {
    method,
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      authorization: `Bearer ${await token()}`,
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = text === "" ? undefined : (JSON.parse(text) as JsonValue);
  return { status: response.status, body: json, retryAfter: response.headers.get("retry-after") };
}

/** The JSON of an event. */
export function jsonOf(event: EventInit): JsonObject {
  return toJson(EventSchema, create(EventSchema, event)) as JsonObject;
}

/** Sends each event by itself. */
export function postSingly(gateway: Gateway, timeoutMs: number): Send {
  return (entries) =>
    Promise.all(
      entries.map(async ({ event }): Promise<Answer> => {
        const answer = await attempt(gateway, "/v1/events", "POST", jsonOf(event), timeoutMs);
        return "kind" in answer ? answer : acceptedEvent(fromJson(EventSchema, answer.body!));
      }),
    );
}

/** Sends the events in one request. */
export function postBatch(gateway: Gateway, timeoutMs: number): Send {
  return async (entries) => {
    const events = entries.map(({ event }) => jsonOf(event));
    const answer = await attempt(gateway, "/v1/events", "POST", events, timeoutMs);
    if ("kind" in answer) return entries.map(() => answer);
    return fromJson(BatchTrackEventsResponseSchema, answer.body!, { registry }).results.map(answerOf);
  };
}

/** Makes one request, and answers what came of it where that is no success. */
export async function attempt(
  gateway: Gateway,
  path: string,
  method: string,
  body: JsonValue | undefined,
  timeoutMs: number,
): Promise<RestAnswer | Answer> {
  let answer: RestAnswer;
  try {
    answer = await request(gateway, path, method, body, timeoutMs);
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    return {
      kind: "none",
      problem: name === "TimeoutError" ? "no answer: DEADLINE_EXCEEDED" : `no answer: ${cause?.code ?? name}`,
    };
  }
  if (answer.status < 300) return answer;
  const refused = answerOf(fromJson(StatusSchema, answer.body!, { registry }));
  if (refused.kind !== "refused") return refused;
  const isFull = answer.status === 429;
  return { ...refused, hasRetryDelay: refused.hasRetryDelay && (!isFull || Number(answer.retryAfter) > 0) };
}

function acceptedEvent({ id, timestamp }: Event): Answer {
  return { kind: "accepted", id, timestamp: microsOf(timestamp!) };
}
