import type { EntityManager } from "@mikro-orm/postgresql";
import type { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import type { Micros } from "@ocellus/runtime/time.ts";
import type { Logger } from "pino";

/** What persons work with. */
export interface PersonContext {
  em: EntityManager;
  /** Where the signup events go. */
  ingest: ServiceClient<typeof IngestService>;
  /** Where the events of a deleted person are purged. */
  events: ServiceClient<typeof EventService>;
  idleTimeout: Micros;
  log: Logger;
  /** Ends what goes on in the background. */
  signal: AbortSignal;
}
