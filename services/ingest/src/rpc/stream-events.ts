import { mapInOrder } from "@ocellus/runtime/map-in-order.ts";
import { RawStream } from "@ocellus/runtime/raw-handler.ts";
import { acceptBatch, type Door } from "../accept-batch.ts";

/** How many batches of one stream may wait for the queue's acknowledgement before the stream is read no further. */
const MAX_UNACKNOWLEDGED = 16;

/** Accepts batch after batch and acknowledges each, in order. Throws at the first batch that was not accepted at all. */
export function streamEvents(door: Door): RawStream {
  return new RawStream((requests, { caller }) =>
    mapInOrder(requests, MAX_UNACKNOWLEDGED, (request) => acceptBatch(door, request, caller)),
  );
}
