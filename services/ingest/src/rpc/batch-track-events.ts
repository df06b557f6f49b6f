import { RawUnary } from "@ocellus/runtime/raw-handler.ts";
import { acceptBatch } from "../accept-batch.ts";
import type { Outgoing } from "../door/outgoing.ts";

/** Accepts the valid events of a batch and answers a result for each. Throws INVALID_ARGUMENT for a batch beyond the limits. */
export function batchTrackEvents(outgoing: Outgoing): RawUnary {
  return new RawUnary((request) => acceptBatch(outgoing, request));
}
