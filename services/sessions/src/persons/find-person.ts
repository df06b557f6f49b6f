import { type FilterQuery, LockMode } from "@mikro-orm/core";
import type { EntityManager } from "@mikro-orm/postgresql";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { isUuid } from "@ocellus/runtime/is-uuid.ts";
import { withinNamespaces } from "@ocellus/runtime/namespace-condition.ts";
import type { NamespaceLimit } from "@ocellus/runtime/namespace-limit.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import { Person } from "../entities/person.ts";

/** The person of this id. Throws NOT_FOUND where there is none, or none any more. */
export async function findPerson(em: EntityManager, id: string, limit: NamespaceLimit | undefined): Promise<Person> {
  return found(id, await em.findOne(Person, personOf(id, limit)));
}

/** The person of this id, locked until the transaction ends. Throws NOT_FOUND. */
export async function lockPerson(tx: EntityManager, id: string, limit: NamespaceLimit | undefined): Promise<Person> {
  const locked = { lockMode: LockMode.PESSIMISTIC_WRITE };
  return found(id, await tx.findOne(Person, personOf(id, limit), locked));
}

/** Throws INVALID_ARGUMENT for an id that no person can have. */
export function requirePersonId(id: string, field: string): void {
  if (!isUuid(id)) throw invalidArgument([{ field, description: "must be the UUID of a person" }]);
}

/** NOT_FOUND for a person. */
export function personNotFound(id: string): ServiceError {
  return new ServiceError(`No person ${id} exists. CreatePerson registers one`, {
    code: Code.NOT_FOUND,
    reason: ErrorReason.PERSON_NOT_FOUND,
  });
}

/** The person of an id, unless it is being deleted, or not open to the caller. */
function personOf(id: string, limit: NamespaceLimit | undefined): FilterQuery<Person> {
  return { $and: [{ id: id.toLowerCase(), deleteTime: null }, ...withinNamespaces(limit)] };
}

function found(id: string, person: Person | null): Person {
  if (!person) throw personNotFound(id);
  return person;
}
