import { create } from "@bufbuild/protobuf";
import { MAX_PAYLOAD_BYTES } from "@ocellus/event-rules/kept-payload.ts";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import {
  EventErrorSchema,
  EventErrorService,
  RecordEventErrorsRequestSchema,
  type Transport,
} from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { within } from "@ocellus/runtime/within.ts";
import type { Logger } from "pino";
import { countLostRefusals } from "../metrics.ts";
import type { Upstream } from "../upstreams.ts";

/** An event that was refused, or a request in which no event could be read. */
export interface Refusal {
  /** The refusal as the client is answered it. */
  status: Status;
  /** What the client sent, byte by byte. More than is kept of it is cut off here. */
  rawPayload: Uint8Array;
  /** How many bytes the client sent, where `rawPayload` is not all of them. */
  payloadSize?: number | undefined;
  /** The event, where all that was sent could be read as one. */
  event?: Event | undefined;
  /** The namespace of an event that could not be read whole. */
  namespace?: string | undefined;
  /** The name of an event that could not be read whole. */
  name?: string | undefined;
  transport: Transport;
  /** The client's network address, without a port. */
  address: string;
}

/**
 * Keeps refusals in the error store, so that they can be mended and replayed. Never fails, and never takes longer than 1.5 s:
 * a client is told of its refusal all the same, and what could not be kept is logged and counted. Call it before the client is
 * answered, and with no more than was refused of one request.
 */
export type KeepRefused = (refusals: Refusal[]) => Promise<void>;

const PATIENCE_MS = 1500;
/** Longer, as a call that ends before the ingest service has read it is kept by nobody: it may stand still for a moment. */
const KEEPING_MS = 5000;

/** What one call may carry, far below what the ingest service reads. */
const MAX_CALL_BYTES = 8 * 1024 * 1024;
const MAX_CALL_COUNT = 1000;

/** Keeps refusals by calls of the ingest service. */
export function refusalKeeper(upstreams: readonly Upstream[], log: Logger): KeepRefused {
  const upstream = upstreams.find(({ descriptor }) => descriptor === EventErrorService);
  if (!upstream) throw new Error("no upstream serves the EventErrorService");
  return async (refusals) => {
    const calls = callsFor(refusals).map(async (call) => {
      const request = create(RecordEventErrorsRequestSchema, { eventErrors: call.map(errorOf) });
      try {
        const options = { timeoutMs: KEEPING_MS };
        await within(PATIENCE_MS, upstream.call(EventErrorService.method.recordEventErrors, request, options));
      } catch (error) {
        countLostRefusals(call.length);
        log.warn({ err: error, count: call.length }, "refused events could not be kept");
      }
    });
    await Promise.all(calls);
  };
}

function errorOf({ status, rawPayload, payloadSize, event, namespace, name, transport, address }: Refusal) {
  return create(EventErrorSchema, {
    status,
    rawPayload: rawPayload.subarray(0, MAX_PAYLOAD_BYTES),
    payloadSize: BigInt(payloadSize ?? rawPayload.length),
    event: rawPayload.length > MAX_PAYLOAD_BYTES ? undefined : event,
    namespace: namespace ?? event?.namespace,
    name: name ?? event?.name,
    source: { transport, address },
  });
}

function callsFor(refusals: Refusal[]): Refusal[][] {
  const calls: Refusal[][] = [];
  let size = 0;
  for (const refusal of refusals) {
    // Besides the payload the event is sent, in which a number may take five times as much as in JSON.
    const bytes = Math.min(refusal.rawPayload.length, MAX_PAYLOAD_BYTES) * 6;
    const call = calls.at(-1);
    if (call && call.length < MAX_CALL_COUNT && size + bytes <= MAX_CALL_BYTES) call.push(refusal);
    else {
      calls.push([refusal]);
      size = 0;
    }
    size += bytes;
  }
  return calls;
}
