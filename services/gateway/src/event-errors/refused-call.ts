import type { DescMethod, JsonValue, Message } from "@bufbuild/protobuf";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import type { Transport } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import {
  type BatchTrackEventsRequest,
  type BatchTrackEventsResponse,
  IngestService,
  type TrackEventRequest,
} from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { Code } from "@ocellus/runtime/service-error.ts";
import { KEPT_BY_CALLER, TOLD_REFUSALS } from "@ocellus/runtime/told-by-gateway.ts";
import { keepFor } from "../access/door.ts";
import type { Principal } from "../access/principal.ts";
import type { ReceivedBody } from "../http/read-body.ts";
import type { KeepRefused, Refusal } from "./keep-refused.ts";

/** The methods of which the gateway, where it reads the JSON, keeps what is refused: it alone knows what the client sent. */
const { trackEvent, batchTrackEvents } = IngestService.method;
const KEPT: readonly DescMethod[] = [trackEvent, batchTrackEvents];

/** INVALID_ARGUMENT. Any other error is no refusal of what was sent: it may be accepted when it is sent again. */
const REFUSED = Code.INVALID_ARGUMENT;

/** A call with events in JSON, as far as it was read. */
export interface ReceivedCall {
  methods: readonly DescMethod[];
  body: ReceivedBody;
  json?: JsonValue;
  /** The request, where all of it could be read. */
  request?: Message;
  transport: Transport;
  address: string;
  /** Who calls, once that is known. */
  principal?: Principal;
}

/** Whether what is refused of a method's calls is kept. */
export function keepsRefusals(method: DescMethod): boolean {
  return KEPT.includes(method);
}

/** The metadata of a call to a service that is not to keep what it refuses, since the gateway does. */
export function keptHere(method: DescMethod): { metadata?: Record<string, string> } {
  return keepsRefusals(method) ? { metadata: { [TOLD_REFUSALS]: KEPT_BY_CALLER } } : {};
}

/** Keeps a call with events that was refused whole. */
export async function keepRefusedCall(keep: KeepRefused, call: ReceivedCall, status: Status): Promise<void> {
  if (status.code !== REFUSED || !call.methods.some(keepsRefusals)) return;
  const { body, request, transport, address, principal } = call;
  const { bytes = new Uint8Array(), size } = body;
  const event = request && call.methods.includes(trackEvent) ? (request as TrackEventRequest).event : undefined;
  const keepOwn = principal ? keepFor(principal, keep) : keep;
  await keepOwn([{ status, rawPayload: bytes, payloadSize: size, event, ...labels(call), transport, address }]);
}

/**
 * Keeps the events of a call that were refused, one by one.
 *
 * @param translate the refusal as the client is answered it
 */
export async function keepRefusedEvents(
  keep: KeepRefused,
  { methods, json, request, transport, address, principal }: ReceivedCall,
  response: Message,
  translate: (status: Status) => Status = (status) => status,
): Promise<void> {
  if (!methods.includes(batchTrackEvents)) return;
  const { events } = request as BatchTrackEventsRequest;
  const elements = Array.isArray(json) ? json : ((json as { events: JsonValue[] }).events ?? []);
  const refusals = (response as BatchTrackEventsResponse).results.flatMap(({ result }, index): Refusal[] => {
    if (result.case !== "refused" || result.value.code !== REFUSED) return [];
    const rawPayload = Buffer.from(JSON.stringify(elements[index] ?? null));
    return [{ status: translate(result.value), rawPayload, event: events[index], transport, address }];
  });
  const keepOwn = principal ? keepFor(principal, keep) : keep;
  if (refusals.length > 0) await keepOwn(refusals);
}

/** The namespace and the name in the JSON of one event, as far as they are texts. */
function labels({ json }: ReceivedCall): { namespace?: string; name?: string } {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return {};
  const event = typeof json.event === "object" && json.event !== null ? json.event : json;
  const { namespace, name } = event as Record<string, JsonValue>;
  return {
    ...(typeof namespace === "string" && { namespace: startOf(namespace) }),
    ...(typeof name === "string" && { name: startOf(name) }),
  };
}

/** No more than is kept, and what protobuf can carry. */
function startOf(text: string): string {
  return text.slice(0, 255).toWellFormed();
}
