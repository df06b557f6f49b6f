import { isFieldSet } from "@bufbuild/protobuf";
import { DEFAULT_NAMESPACE } from "@ocellus/event-rules/default-namespace.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { PersonSchema, type PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { isUniqueViolation } from "@ocellus/runtime/database-errors.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { isUuid } from "@ocellus/runtime/is-uuid.ts";
import { requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { v7 } from "uuid";
import { DEFAULT_ROLE, Person } from "../entities/person.ts";
import type { PersonContext } from "../persons/person-context.ts";
import { personProblems } from "../persons/person-problems.ts";
import { sendSignup, signupOf } from "../persons/signup.ts";

/** Registers a person and tracks its signup event, at once or, while ingest is away, later. Throws ALREADY_EXISTS for an id that is taken. */
export function createPerson({ em, ingest, log }: PersonContext): Handlers<typeof PersonService>["createPerson"] {
  return async ({ person: asked }, { namespaces }) => {
    if (!asked) throw invalidArgument([{ field: "person", description: "is required" }]);
    const violations = personProblems(asked);
    if (isFieldSet(asked, PersonSchema.field.id) && !isUuid(asked.id)) {
      violations.push({ field: "person.id", description: "must be a UUID" });
    }
    if (violations.length > 0) throw invalidArgument(violations);
    requireNamespace(namespaces, asked.namespace ?? DEFAULT_NAMESPACE);
    const fork = em.fork();
    const person = fork.create(Person, {
      id: asked.id.toLowerCase() || v7(),
      namespace: asked.namespace ?? DEFAULT_NAMESPACE,
      email: asked.email,
      firstName: asked.firstName ?? null,
      lastName: asked.lastName ?? null,
      role: asked.role || DEFAULT_ROLE,
      createTime: nowMicros(),
      signupEventId: v7(),
      signupSent: false,
    });
    await fork.insert(person).catch((error) => {
      throw isUniqueViolation(error) ? personExists(person.id) : error;
    });
    await sendSignup(em, ingest, person.id).catch((error) =>
      log.warn({ err: error, personId: person.id }, "a signup event is not tracked yet; the sweep will do it"),
    );
    return { person: person.toMessage(), signupEvent: signupOf(person) };
  };
}

function personExists(id: string): ServiceError {
  return new ServiceError(
    `A person ${id} exists already, or is being deleted; take another id, or change that person`,
    {
      code: Code.ALREADY_EXISTS,
      reason: ErrorReason.PERSON_EXISTS,
    },
  );
}
