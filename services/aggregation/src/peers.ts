import type { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { CLIENT, type MethodPeers } from "@ocellus/runtime/peers.ts";

const PUBLIC = ["gateway", CLIENT];

/** Who may call the AggregationService. */
export const AGGREGATION_PEERS: MethodPeers<typeof AggregationService> = {
  queryAggregates: PUBLIC,
  listSeries: PUBLIC,
  getFreshness: PUBLIC,
  rebuildAggregates: PUBLIC,
};
