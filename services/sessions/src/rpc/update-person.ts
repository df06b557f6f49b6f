import { create } from "@bufbuild/protobuf";
import type { EntityManager } from "@mikro-orm/postgresql";
import { PersonSchema, type PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { applyMask } from "@ocellus/runtime/apply-mask.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { lockPerson, requirePersonId } from "../persons/find-person.ts";
import { personProblems } from "../persons/person-problems.ts";

const RULES = { fixed: ["id"], outputOnly: ["create_time", "update_time"], keptByStar: ["namespace"] };

/** Changes one person. Throws NOT_FOUND, and INVALID_ARGUMENT for what a person may not be. */
export function updatePerson(em: EntityManager): Handlers<typeof PersonService>["updatePerson"] {
  return async ({ person: changes, updateMask }, { namespaces }) => {
    if (!changes) throw invalidArgument([{ field: "person", description: "is required" }]);
    requirePersonId(changes.id, "person.id");
    const person = await em.fork().transactional(async (tx) => {
      const stored = await lockPerson(tx, changes.id, namespaces);
      const before = create(PersonSchema, stored.toMessage());
      const changed = applyMask(PersonSchema, before, changes, updateMask?.paths ?? [], RULES);
      const violations = personProblems(changed);
      if (changed.namespace !== before.namespace) {
        violations.push({ field: "person.namespace", description: `cannot be changed, and is "${before.namespace}"` });
      }
      if (violations.length > 0) throw invalidArgument(violations);
      stored.change(changed);
      stored.updateTime = nowMicros();
      await tx.flush();
      return stored;
    });
    return { person: person.toMessage() };
  };
}
