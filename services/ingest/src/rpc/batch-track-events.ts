import type { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { sizeOf } from "@ocellus/runtime/message-codec.ts";
import { acceptBatch, type Publishers } from "../accept-batch.ts";

/** Accepts the valid events of a batch and answers a result for each. Throws INVALID_ARGUMENT for a batch beyond the limits. */
export function batchTrackEvents(publishers: Publishers): Handlers<typeof IngestService>["batchTrackEvents"] {
  return async (request, { caller }) => ({
    results: await acceptBatch(publishers, request.events, sizeOf(request), caller),
  });
}
