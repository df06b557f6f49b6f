import type { EntityManager } from "@mikro-orm/postgresql";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { type Dependency, type ServedService, serve } from "@ocellus/runtime/grpc-service.ts";
import type { Logger } from "pino";
import type { Door } from "./accept-batch.ts";
import type { Outbox } from "./outbox.ts";
import { EVENT_ERROR_PEERS, EVENT_PEERS, INGEST_PEERS } from "./peers.ts";
import type { KeptFrom } from "./retention/kept-from.ts";
import { batchTrackEvents } from "./rpc/batch-track-events.ts";
import { deleteEvent } from "./rpc/delete-event.ts";
import { deleteEventError } from "./rpc/delete-event-error.ts";
import { getEvent } from "./rpc/get-event.ts";
import { getEventError } from "./rpc/get-event-error.ts";
import { getEventStatus } from "./rpc/get-event-status.ts";
import { listEventErrors } from "./rpc/list-event-errors.ts";
import { listEvents } from "./rpc/list-events.ts";
import { purgeEvents } from "./rpc/purge-events.ts";
import { recordEventErrors } from "./rpc/record-event-errors.ts";
import { replayEventErrors } from "./rpc/replay-event-errors.ts";
import { streamEvents } from "./rpc/stream-events.ts";
import { trackEvent } from "./rpc/track-event.ts";
import { updateEvent } from "./rpc/update-event.ts";
import { type WatchOptions, watchEvents } from "./rpc/watch-events.ts";
import type { StatusOptions } from "./status/status-options.ts";

/** What the RPCs work with. */
export interface ServiceParts {
  door: Door;
  em: EntityManager;
  outbox: Outbox;
  kept: KeptFrom;
  database: Dependency;
  watching: WatchOptions;
  status: StatusOptions;
  /** The peers that may call what is public. */
  clients: readonly string[];
  log: Logger;
}

/** The RPCs of the ingest service. Taking events in needs no database. */
export function services({
  door,
  em,
  outbox,
  kept,
  database,
  watching,
  status,
  clients,
  log,
}: ServiceParts): ServedService[] {
  const changing = { em, outbox, log };
  const ingest = {
    trackEvent: trackEvent(door),
    batchTrackEvents: batchTrackEvents(door),
    streamEvents: streamEvents(door),
  };
  const events = {
    getEvent: getEvent(em),
    getEventStatus: getEventStatus(status),
    listEvents: listEvents(em),
    watchEvents: watchEvents(watching),
    updateEvent: updateEvent(changing, kept),
    deleteEvent: deleteEvent(changing),
    purgeEvents: purgeEvents(changing),
  };
  const refused = {
    getEventError: getEventError(em),
    listEventErrors: listEventErrors(em),
    deleteEventError: deleteEventError(em),
    replayEventErrors: replayEventErrors({ outgoing: door.outgoing, em, kept }),
    recordEventErrors: recordEventErrors(door.errors),
  };
  return [
    serve(IngestService, ingest, { log, peers: { of: INGEST_PEERS, clients } }),
    serve(EventService, events, { log, requires: database, peers: { of: EVENT_PEERS, clients } }),
    serve(EventErrorService, refused, {
      log,
      requires: database,
      without: ["recordEventErrors"],
      peers: { of: EVENT_ERROR_PEERS, clients },
    }),
  ];
}
