import { create, toBinary } from "@bufbuild/protobuf";
import type { EntityManager } from "@mikro-orm/postgresql";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import type { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { type ListedPage, listNewestFirst } from "@ocellus/runtime/list-newest-first.ts";
import { requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { StoredEvent } from "../entities/stored-event.ts";

/** What one answer may hold at most, so that it stays below gRPC's default limit of 4 MiB. */
const MAX_BYTES = 3 * 1024 * 1024;

/** The indexes of `ingest.events` that lists are read from, those that hold the fewest events of a kind first. */
const INDEXED = [["session_id"], ["person_id"], ["namespace", "name"], ["category"], ["name"], ["namespace"]];

/** Lists events, newest first. Throws INVALID_ARGUMENT for a page token of another query. */
export function listEvents(em: EntityManager): Handlers<typeof EventService>["listEvents"] {
  return async (request, { namespaces }) => {
    requireNamespace(namespaces, request.namespace);
    const page = await listNewestFirst(em, StoredEvent, {
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
      indexed: INDEXED,
      page: request,
      within: namespaces,
    });
    return fitting(page);
  };
}

/** As much of a page as one answer may hold, and at least one event. */
function fitting({ rows, nextPageToken, tokenAfter }: ListedPage<StoredEvent>) {
  const events: Event[] = [];
  let bytes = 0;
  for (const [index, row] of rows.entries()) {
    const event = create(EventSchema, row.toMessage());
    bytes += toBinary(EventSchema, event).length;
    if (bytes > MAX_BYTES && index > 0) return { events, nextPageToken: tokenAfter(rows[index - 1]!) };
    events.push(event);
  }
  return { events, nextPageToken };
}
