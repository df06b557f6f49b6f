import type { EntityManager } from "@mikro-orm/postgresql";
import type { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { findPerson, requirePersonId } from "../persons/find-person.ts";

/** Answers one person. Throws NOT_FOUND. */
export function getPerson(em: EntityManager): Handlers<typeof PersonService>["getPerson"] {
  return async ({ id }, { namespaces }) => {
    requirePersonId(id, "id");
    return { person: (await findPerson(em.fork(), id, namespaces)).toMessage() };
  };
}
