import { RawStream } from "@ocellus/runtime/raw-handler.ts";
import { acceptBatch, type Door } from "../accept-batch.ts";

/** What of one stream may wait for the queue's acknowledgement before the stream is read no further: many small batches, or few large. */
const UNACKNOWLEDGED = { most: 2048, mostBytes: 8 * 1024 * 1024 };

/** Accepts batch after batch and acknowledges each, in order. Throws at the first batch that was not accepted at all. */
export function streamEvents(door: Door): RawStream {
  return new RawStream(UNACKNOWLEDGED, (request, context) => acceptBatch(door, request, context));
}
