import type { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { mapInOrder } from "@ocellus/runtime/map-in-order.ts";
import { sizeOf } from "@ocellus/runtime/message-codec.ts";
import { acceptBatch, type Publishers } from "../accept-batch.ts";

/** How many batches of one stream may wait for the queue's acknowledgement before the stream is read no further. */
const MAX_UNACKNOWLEDGED = 16;

/** Accepts batch after batch and acknowledges each, in order. Throws at the first batch that was not accepted at all. */
export function streamEvents(publishers: Publishers): Handlers<typeof IngestService>["streamEvents"] {
  return (requests, { caller }) =>
    mapInOrder(requests, MAX_UNACKNOWLEDGED, async (request) => ({
      results: await acceptBatch(publishers, request.events, sizeOf(request), caller),
    }));
}
