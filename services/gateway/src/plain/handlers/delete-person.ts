import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import type { PlainHandler } from "../plain-route.ts";

/** Deletes one person with all its events and sessions. */
export const deletePerson: PlainHandler = async ({ bound, contract }) => {
  await contract(PersonService.method.deletePerson, { id: bound("id") });
  return { status: 204 };
};
