import type { EntityManager } from "@mikro-orm/postgresql";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { type Dependency, type ServedService, serve } from "@ocellus/runtime/grpc-service.ts";
import type { Logger } from "pino";
import type { EventPublisher } from "./event-publisher.ts";
import type { Outbox } from "./outbox.ts";
import { batchTrackEvents } from "./rpc/batch-track-events.ts";
import { deleteEvent } from "./rpc/delete-event.ts";
import { getEvent } from "./rpc/get-event.ts";
import { listEvents } from "./rpc/list-events.ts";
import { streamEvents } from "./rpc/stream-events.ts";
import { trackEvent } from "./rpc/track-event.ts";
import { updateEvent } from "./rpc/update-event.ts";
import { type WatchOptions, watchEvents } from "./rpc/watch-events.ts";

/** What the RPCs work with. */
export interface ServiceParts {
  publisher: EventPublisher;
  em: EntityManager;
  outbox: Outbox;
  database: Dependency;
  watching: WatchOptions;
  log: Logger;
}

/** The RPCs of the ingest service. Taking events in needs no database. */
export function services({ publisher, em, outbox, database, watching, log }: ServiceParts): ServedService[] {
  const changing = { em, outbox, log };
  const ingest = {
    trackEvent: trackEvent(publisher),
    batchTrackEvents: batchTrackEvents(publisher),
    streamEvents: streamEvents(publisher),
  };
  const events = {
    getEvent: getEvent(em),
    listEvents: listEvents(em),
    watchEvents: watchEvents(watching),
    updateEvent: updateEvent(changing),
    deleteEvent: deleteEvent(changing),
  };
  return [serve(IngestService, ingest, { log }), serve(EventService, events, { log, requires: database })];
}
