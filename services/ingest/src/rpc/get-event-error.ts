import type { EntityManager } from "@mikro-orm/postgresql";
import type { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { withinNamespaces } from "@ocellus/runtime/namespace-condition.ts";
import { EventError } from "../entities/event-error.ts";
import { errorNotFound, requireErrorId } from "../errors/find-errors.ts";

/** Answers one refused event, with what was sent byte by byte. Throws NOT_FOUND where none has this id. */
export function getEventError(em: EntityManager): Handlers<typeof EventErrorService>["getEventError"] {
  return async ({ id }, { namespaces }) => {
    requireErrorId(id);
    const error = await em.fork().findOne(EventError, { $and: [{ id }, ...withinNamespaces(namespaces)] });
    if (!error) throw errorNotFound(id);
    return { eventError: { ...error.toMessage(), rawPayload: error.payload } };
  };
}
