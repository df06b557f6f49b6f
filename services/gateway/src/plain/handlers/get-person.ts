import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { personWithEvents } from "../persons.ts";
import type { PlainHandler } from "../plain-route.ts";

/** Answers one person with its events as they are now. */
export const getPerson: PlainHandler = async ({ bound, contract }) => {
  const { person } = await contract(PersonService.method.getPerson, { id: bound("id") });
  return { status: 200, json: await personWithEvents(person!, contract) };
};
