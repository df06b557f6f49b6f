import type { EntityManager } from "@mikro-orm/postgresql";
import { isUuid } from "@ocellus/event-rules/uuid.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import { StoredEvent } from "../entities/stored-event.ts";

/** Answers one event. Throws NOT_FOUND where it is not stored, or not yet. */
export function getEvent(em: EntityManager): Handlers<typeof EventService>["getEvent"] {
  return async ({ id }) => {
    if (!isUuid(id)) throw invalidArgument([{ field: "id", description: "must be the UUID of an event" }]);
    const [event] = await em.fork().find(StoredEvent, { id }, { orderBy: { timestamp: "desc" }, limit: 1 });
    if (!event) {
      throw new ServiceError(`No event ${id} is stored. One that was just accepted is there within a second`, {
        code: Code.NOT_FOUND,
        reason: ErrorReason.EVENT_NOT_FOUND,
      });
    }
    return { event: event.toMessage() };
  };
}
