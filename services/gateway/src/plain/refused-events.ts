import type { JsonValue } from "@bufbuild/protobuf";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Transport } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import type { Refusal } from "../event-errors/keep-refused.ts";
import type { HttpRequest } from "../http/node-http.ts";
import { Problems } from "../json/problems.ts";
import { violationsIn } from "../upstream-status.ts";
import { readEvent } from "./read-event.ts";

/** One event of a list that was refused. */
export interface RefusedItem {
  status: Status;
  json: JsonValue;
}

/** INVALID_ARGUMENT for a list of which no event was accepted. */
export class RefusedList extends ServiceError {
  readonly items: RefusedItem[];

  constructor(items: RefusedItem[]) {
    const violations = items.flatMap(({ status }) => violationsIn(status));
    super(invalidArgument(violations).message, {
      code: Code.INVALID_ARGUMENT,
      reason: ErrorReason.INVALID_EVENT,
      violations,
    });
    this.items = items;
  }
}

/** What was received of a body, as far as it got. */
export interface Received {
  bytes?: Uint8Array;
  /** How many bytes were sent, where `bytes` are not all of them. */
  size?: number;
  json?: JsonValue;
}

/** What is to be kept of a request that was refused as a whole. */
export function refusalOf(status: Status, { bytes, size, json }: Received, request: HttpRequest): Refusal {
  return {
    ...sourceOf(request),
    status,
    rawPayload: bytes ?? new Uint8Array(),
    payloadSize: size,
    ...eventIn(json, status),
  };
}

/** What is to be kept of the refused events of a list. */
export function refusalsIn(items: RefusedItem[], request: HttpRequest): Refusal[] {
  return items.map(({ status, json }) => {
    return { ...sourceOf(request), status, rawPayload: Buffer.from(JSON.stringify(json)), ...eventIn(json, status) };
  });
}

function sourceOf({ socket }: HttpRequest): Pick<Refusal, "transport" | "address"> {
  return { transport: Transport.PLAIN, address: socket.remoteAddress ?? "" };
}

/** The event, where the limits of an event are all that keeps it out; else what tells whose it is. */
function eventIn(json: JsonValue | undefined, status: Status): Pick<Refusal, "event" | "namespace" | "name"> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return {};
  const problems = new Problems();
  const { event, isWhole } = readEvent(json, "", problems);
  const isReplayable = isWhole && problems.violations.length === violationsIn(status).length;
  return isReplayable ? { event } : { namespace: event.namespace, name: event.name || undefined };
}
