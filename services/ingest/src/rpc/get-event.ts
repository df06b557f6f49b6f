import type { EntityManager } from "@mikro-orm/postgresql";
import type { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { withinNamespaces } from "@ocellus/runtime/namespace-condition.ts";
import { eventNotFound, requireEventId } from "../change-event.ts";
import { StoredEvent } from "../entities/stored-event.ts";

/** Answers one event. Throws NOT_FOUND where it is not stored, or not yet. */
export function getEvent(em: EntityManager): Handlers<typeof EventService>["getEvent"] {
  return async ({ id }, { namespaces }) => {
    requireEventId(id, "id");
    const own = { $and: [{ id }, ...withinNamespaces(namespaces)] };
    const [event] = await em.fork().find(StoredEvent, own, { orderBy: { timestamp: "desc" }, limit: 1 });
    if (!event) throw eventNotFound(id);
    return { event: event.toMessage() };
  };
}
