import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { clientOf, openChannel } from "@ocellus/runtime/grpc-client.ts";
import type { readDemoConfig } from "./demo-config.ts";

/** Typed clients of the suite, over mTLS. */
export type Clients = ReturnType<typeof openClients>;

/** Opens a connection to each service that the demo calls. */
export function openClients(config: ReturnType<typeof readDemoConfig>) {
  const files = { ca: config.OCELLUS_CA, cert: config.OCELLUS_CERT, key: config.OCELLUS_KEY };
  const channels = {
    ingest: openChannel(config.OCELLUS_INGEST, files),
    sessions: openChannel(config.OCELLUS_SESSIONS, files),
    aggregation: openChannel(config.OCELLUS_AGGREGATION, files),
  };
  return {
    ingest: clientOf(IngestService, channels.ingest),
    sessions: clientOf(SessionService, channels.sessions),
    aggregation: clientOf(AggregationService, channels.aggregation),
    close: () => {
      for (const channel of Object.values(channels)) channel.close();
    },
  };
}
