import { create, toBinary } from "@bufbuild/protobuf";
import { MAX_PAYLOAD_BYTES } from "@ocellus/event-rules/kept-payload.ts";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import {
  type ErrorStage,
  type EventError,
  EventErrorSchema,
  type EventSource,
  EventSourceSchema,
  Transport,
} from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import type { Caller } from "@ocellus/runtime/caller.ts";
import { nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import { TOLD_ADDRESS, TOLD_TRANSPORT, toldByGateway } from "@ocellus/runtime/told-by-gateway.ts";
import { v7 } from "uuid";
import { eventJson, hasJson } from "./event-json.ts";
import { keptStatus } from "./kept-status.ts";
import { storable } from "./storable.ts";

/** More than any event has that could be accepted. With the payload and the status it fits into one message of NATS. */
const MAX_EVENT_BYTES = 384 * 1024;

/** What was refused, and why. */
export interface Refused {
  stage: ErrorStage;
  status: Status;
  /** What was sent; the JSON of `event` where it is left out. */
  payload?: Uint8Array | undefined;
  /** How many bytes were sent, where `payload` is not all of them. */
  payloadSize?: number | bigint | undefined;
  event?: Event | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
  source: Omit<EventSource, "$typeName" | "$unknown">;
}

/** A refusal as it is kept from now on, within the bounds of what is kept. */
export function refusedEvent(refused: Refused): EventError {
  const { stage, status, event, source } = refused;
  const payload = refused.payload ?? Buffer.from(event ? eventJson(event) : "");
  const isKept = event && hasJson(event) && toBinary(EventSchema, event).length <= MAX_EVENT_BYTES;
  return create(EventErrorSchema, {
    id: v7(),
    stage,
    status: keptStatus(status),
    rawPayload: payload.subarray(0, MAX_PAYLOAD_BYTES),
    payloadSize: BigInt(refused.payloadSize ?? payload.length),
    event: isKept ? event : undefined,
    namespace: label(refused.namespace ?? event?.namespace),
    name: label(refused.name ?? event?.name),
    source: { transport: source.transport, peer: storable(source.peer), address: storable(source.address) },
    createTime: timestampOf(nowMicros()),
  });
}

/** Who sent what a caller handed in: the gateway tells of its own caller, and is believed. */
export function sourceOf(caller: Caller): EventSource {
  const told = toldByGateway(caller, TOLD_TRANSPORT);
  return create(EventSourceSchema, {
    transport: Transport[told as keyof typeof Transport] ?? Transport.GRPC,
    peer: caller.name,
    address: toldByGateway(caller, TOLD_ADDRESS) ?? caller.address,
  });
}

function label(text: string | undefined): string | undefined {
  return text ? storable(text) : undefined;
}
