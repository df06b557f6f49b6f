import type { EntityManager } from "@mikro-orm/postgresql";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { type Dependency, type ServedService, serve } from "@ocellus/runtime/grpc-service.ts";
import type { Logger } from "pino";
import type { EventPublisher } from "./event-publisher.ts";
import { batchTrackEvents } from "./rpc/batch-track-events.ts";
import { getEvent } from "./rpc/get-event.ts";
import { listEvents } from "./rpc/list-events.ts";
import { streamEvents } from "./rpc/stream-events.ts";
import { trackEvent } from "./rpc/track-event.ts";

/** The RPCs of the ingest service. Taking events in needs no database. */
export function services(
  publisher: EventPublisher,
  em: EntityManager,
  database: Dependency,
  log: Logger,
): ServedService[] {
  const ingest = {
    trackEvent: trackEvent(publisher),
    batchTrackEvents: batchTrackEvents(publisher),
    streamEvents: streamEvents(publisher),
  };
  const events = {
    getEvent: getEvent(em),
    listEvents: listEvents(em),
  };
  return [serve(IngestService, ingest, { log }), serve(EventService, events, { log, requires: database })];
}
