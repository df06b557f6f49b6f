import type { DescMethod, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { batchProblems } from "@ocellus/event-rules/batch-problems.ts";
import { DEFAULT_NAMESPACE } from "@ocellus/event-rules/default-namespace.ts";
import {
  type BatchTrackEventsResponse,
  BatchTrackEventsResponseSchema,
  IngestService,
} from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
import { requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { ONE_FOR_EACH, TOLD_SENDERS } from "@ocellus/runtime/told-by-gateway.ts";
import { Growing } from "@ocellus/wire/growing.ts";
import { type Caller, told } from "../access/guard.ts";
import type { Principal } from "../access/principal.ts";
import { keptHere } from "../event-errors/refused-call.ts";
import { renameFields } from "../rename-fields.ts";
import { answeredError } from "../upstream-status.ts";
import type { Upstream } from "../upstreams.ts";
import { isAccepted, type Receipt, resultsIn } from "./results.ts";
import { SharedCalls } from "./shared-calls.ts";
import { writeEvent } from "./write-event.ts";

const { trackEvent, batchTrackEvents } = IngestService.method;

/** Events with a larger body do not share a call. */
const MAX_SHARED_BYTES = 64 * 1024;

/** What is answered: the JSON where all was accepted, otherwise the response to a batch. */
export type SwiftAnswer = { json: JsonObject } | { response: BatchTrackEventsResponse };

/** For whom events are sent. */
export type SwiftOptions = { signal: AbortSignal; caller: Caller };

/**
 * Sends events on from their JSON without making messages of them. Where anything is unusual nothing is sent and undefined
 * answered: that is for the usual way, which would answer the same of what goes this way.
 */
export class SwiftEvents {
  readonly #ingest: Upstream;
  readonly #shared: SharedCalls;

  constructor(upstreams: readonly Upstream[]) {
    const ingest = upstreams.find(({ descriptor }) => descriptor === IngestService);
    if (!ingest) throw new Error("no upstream serves the IngestService");
    this.#ingest = ingest;
    const metadata = { ...keptHere(batchTrackEvents).metadata, [TOLD_SENDERS]: ONE_FOR_EACH };
    this.#shared = new SharedCalls(async (request) =>
      resultsIn(await ingest.callRaw(batchTrackEvents, request, { metadata })),
    );
  }

  /**
   * Sends the body of a TrackEvent, or of a BatchTrackEvents, on. What it answers throws what a call of the method does.
   *
   * @param size how many bytes the body has
   * @param signal cancels a batch; a single event goes with others, and is not held back
   * @param caller who may call the method
   */
  send(method: DescMethod, json: JsonValue, size: number, options: SwiftOptions): Promise<SwiftAnswer> | undefined {
    if (method === trackEvent) return size > MAX_SHARED_BYTES ? undefined : this.#single(json as JsonObject, options);
    return method === batchTrackEvents ? this.#batch(json as JsonValue[], size, options) : undefined;
  }

  #single(json: JsonObject, { caller }: SwiftOptions): Promise<SwiftAnswer> | undefined {
    requireOpen(caller.principal, json);
    const result = this.#shared.add((out) => writeEvent(json, out));
    return result?.then((became) => {
      if (isAccepted(became)) return { json: acceptedJson(json, became) };
      throw answeredError(renameFields(became, (path) => path.replace(/^events\[\d+\]/, "event")));
    });
  }

  #batch(json: JsonValue[], size: number, options: SwiftOptions): Promise<SwiftAnswer> | undefined {
    const out = new Growing(size);
    if (!json.every((event) => writeEvent(event, out))) return undefined;
    return batchProblems(json.length, out.length).length > 0 ? undefined : this.#sendBatch(out.take(), options);
  }

  async #sendBatch(request: Buffer, { signal, caller }: SwiftOptions): Promise<SwiftAnswer> {
    const options = told(caller, { signal, ...keptHere(batchTrackEvents) });
    const bytes = await this.#ingest.callRaw(batchTrackEvents, request, options);
    const results = resultsIn(bytes);
    return results.every(isAccepted)
      ? { json: { results: results.map((accepted) => ({ accepted })) } }
      : { response: decode(BatchTrackEventsResponseSchema, bytes) };
  }
}

/**
 * Throws PERMISSION_DENIED for an event of a namespace that is not open to its sender. It is done here for events that travel with those of
 * others: the service is told of no limit then. What is no text is unusual, and left to the usual way.
 */
function requireOpen({ namespaces }: Principal, { namespace = DEFAULT_NAMESPACE }: JsonObject): void {
  if (namespaces && typeof namespace === "string") requireNamespace(namespaces, namespace);
}

/** The proto3 JSON of an accepted event, in the order of its fields. */
function acceptedJson(sent: JsonObject, { id, timestamp, receiveTime }: Receipt): JsonObject {
  const { namespace = DEFAULT_NAMESPACE, name, category, value, data } = sent;
  const { sessionId = sent.session_id, personId = sent.person_id } = sent;
  // What is undefined is left out by JSON.stringify.
  const event = { id, namespace, name, category, sessionId, personId, timestamp, value, data, receiveTime };
  return event as JsonObject;
}
