import type { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import type { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { CLIENT, type MethodPeers } from "@ocellus/runtime/peers.ts";

const PUBLIC = ["gateway", CLIENT];

/** Who may call the IngestService: persons bring their signup, as an event, from the sessions service. */
export const INGEST_PEERS: MethodPeers<typeof IngestService> = {
  trackEvent: [...PUBLIC, "sessions"],
  batchTrackEvents: PUBLIC,
  streamEvents: PUBLIC,
};

/** Who may call the EventService: the sessions service deletes a person with all events. */
export const EVENT_PEERS: MethodPeers<typeof EventService> = {
  getEvent: PUBLIC,
  getEventStatus: PUBLIC,
  listEvents: PUBLIC,
  watchEvents: PUBLIC,
  updateEvent: PUBLIC,
  deleteEvent: PUBLIC,
  purgeEvents: ["sessions"],
};

/** Who may call the EventErrorService: the gateway tells of what it refuses itself. */
export const EVENT_ERROR_PEERS: MethodPeers<typeof EventErrorService> = {
  getEventError: PUBLIC,
  listEventErrors: PUBLIC,
  deleteEventError: PUBLIC,
  replayEventErrors: PUBLIC,
  recordEventErrors: ["gateway"],
};
