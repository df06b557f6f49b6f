import { mapInOrder } from "@ocellus/runtime/map-in-order.ts";
import { RawStream } from "@ocellus/runtime/raw-handler.ts";
import { acceptBatch } from "../accept-batch.ts";
import type { Outgoing } from "../door/outgoing.ts";

/** How many batches of one stream may wait for the queue's acknowledgement before the stream is read no further. */
const MAX_UNACKNOWLEDGED = 16;

/** Accepts batch after batch and acknowledges each, in order. Throws at the first batch that was not accepted at all. */
export function streamEvents(outgoing: Outgoing): RawStream {
  return new RawStream((requests) =>
    mapInOrder(requests, MAX_UNACKNOWLEDGED, (request) => acceptBatch(outgoing, request)),
  );
}
