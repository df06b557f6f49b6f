import type { EntityManager } from "@mikro-orm/postgresql";
import type { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { listNewestFirst } from "@ocellus/runtime/list-newest-first.ts";
import { StoredEvent } from "../entities/stored-event.ts";

/** Lists events, newest first. Throws INVALID_ARGUMENT for a page token of another query. */
export function listEvents(em: EntityManager): Handlers<typeof EventService>["listEvents"] {
  return async (request) => {
    const { rows, nextPageToken } = await listNewestFirst(em, StoredEvent, {
      texts: {
        namespace: request.namespace,
        name: request.name,
        category: request.category,
        session_id: request.sessionId,
        person_id: request.personId,
      },
      min: ["timestamp_min", request.timestampMin],
      max: ["timestamp_max", request.timestampMax],
      key: ["timestamp", "id"],
      page: request,
    });
    return { events: rows.map((event) => event.toMessage()), nextPageToken };
  };
}
