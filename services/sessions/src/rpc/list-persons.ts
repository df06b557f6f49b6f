import { raw } from "@mikro-orm/core";
import type { EntityManager } from "@mikro-orm/postgresql";
import type { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { searchedProblems } from "@ocellus/runtime/check-request.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { type FurtherFilters, listNewestFirst } from "@ocellus/runtime/list-newest-first.ts";
import { requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { Person } from "../entities/person.ts";

/** Lists persons, latest registered first. Throws INVALID_ARGUMENT for a page token of another query. */
export function listPersons(em: EntityManager): Handlers<typeof PersonService>["listPersons"] {
  return async (request, { namespaces }) => {
    requireNamespace(namespaces, request.namespace);
    const { rows, nextPageToken } = await listNewestFirst(em, Person, {
      texts: { namespace: request.namespace, role: request.role },
      min: ["create_time_min", request.createTimeMin],
      max: ["create_time_max", request.createTimeMax],
      key: ["create_time", "id"],
      page: request,
      within: namespaces,
      also: withEmail(request.email),
    });
    return { persons: rows.map((person) => person.toMessage()), nextPageToken };
  };
}

/** Persons that are not being deleted, of any e-mail address or of this one in any letter case. */
function withEmail(email: string | undefined): FurtherFilters {
  const problems = searchedProblems({ texts: { email } });
  const conditions: object[] = [{ deleteTime: null }];
  if (email !== undefined) conditions.push({ [raw("lower(email) = lower(?)", [email])]: [] });
  return { problems, conditions, given: [email ?? null] };
}
