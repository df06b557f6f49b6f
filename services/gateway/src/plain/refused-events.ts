import type { JsonValue } from "@bufbuild/protobuf";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import type { Refusal } from "../event-errors/keep-refused.ts";
import type { Source } from "../event-errors/source.ts";
import type { ReceivedBody } from "../http/read-body.ts";
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

/** What is to be kept of a request that was refused as a whole. */
export function refusalOf(status: Status, { bytes, size }: ReceivedBody, json: JsonValue | undefined, source: Source) {
  return { ...source, status, rawPayload: bytes ?? new Uint8Array(), payloadSize: size, ...eventIn(json, status) };
}

/** What is to be kept of the events of a list that were refused: not of those that may be accepted when they are sent again. */
export function refusalsIn(items: RefusedItem[], source: Source): Refusal[] {
  const refused = items.filter(({ status }) => status.code === Code.INVALID_ARGUMENT);
  return refused.map(({ status, json }) => {
    return { ...source, status, rawPayload: Buffer.from(JSON.stringify(json)), ...eventIn(json, status) };
  });
}

/** The event, where the limits of an event are all that keeps it out; else what tells whose it is. */
function eventIn(json: JsonValue | undefined, status: Status): Pick<Refusal, "event" | "namespace" | "name"> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return {};
  const problems = new Problems();
  const { event, isWhole } = readEvent(json, "", problems);
  const isReplayable = isWhole && problems.violations.length === violationsIn(status).length;
  return isReplayable ? { event } : { namespace: event.namespace, name: event.name || undefined };
}
