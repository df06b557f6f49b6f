import { RawUnary } from "@ocellus/runtime/raw-handler.ts";
import { acceptBatch, type Door } from "../accept-batch.ts";

/** Accepts the valid events of a batch and answers a result for each. Throws INVALID_ARGUMENT for a batch beyond the limits. */
export function batchTrackEvents(door: Door): RawUnary {
  return new RawUnary((request, context) => acceptBatch(door, request, context));
}
