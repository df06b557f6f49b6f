import { mapInOrder } from "@ocellus/runtime/map-in-order.ts";
import { RawStream } from "@ocellus/runtime/raw-handler.ts";
import { acceptBatch, type Door } from "../accept-batch.ts";

/** What of one stream may wait for the queue's acknowledgement before the stream is read no further: many small batches, or few large. */
const UNACKNOWLEDGED = {
  most: 2048,
  mostBytes: 8 * 1024 * 1024,
  bytesOf: (request: Buffer) => request.length,
};

/** Accepts batch after batch and acknowledges each, in order. Throws at the first batch that was not accepted at all. */
export function streamEvents(door: Door): RawStream {
  return new RawStream((requests, { caller }) =>
    mapInOrder(requests, UNACKNOWLEDGED, (request) => acceptBatch(door, request, caller)),
  );
}
