import type { EntityManager } from "@mikro-orm/postgresql";
import type { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { withinNamespaces } from "@ocellus/runtime/namespace-condition.ts";
import { EventError } from "../entities/event-error.ts";
import { errorNotFound, requireErrorId } from "../errors/find-errors.ts";

/** Forgets one refused event. Throws NOT_FOUND where none has this id. */
export function deleteEventError(em: EntityManager): Handlers<typeof EventErrorService>["deleteEventError"] {
  return async ({ id }, { namespaces }) => {
    requireErrorId(id);
    const deleted = await em.fork().nativeDelete(EventError, { $and: [{ id }, ...withinNamespaces(namespaces)] });
    if (deleted === 0) throw errorNotFound(id);
    return {};
  };
}
